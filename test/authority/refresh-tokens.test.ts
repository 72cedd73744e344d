/** Refreshing: what is sent, what is kept when the answer cannot be checked, and what each fault means. */
import { generateKeyPairSync } from 'node:crypto';
import { expect } from 'chai';
import { createAuthority } from '../../src/authority/create-authority.ts';
import { refreshTokens } from '../../src/authority/refresh-tokens.ts';
import { Misconfigured, SignInRequired, Unavailable } from '../../src/errors.ts';
import { createLog } from '../../src/log.ts';
import type { RefreshAnswer } from '../../src/token-response.ts';
import {
  aadsts,
  clientInfo,
  newKey,
  OTHER_TENANT,
  type StubAuthority,
  startStubAuthority,
  TENANT,
  UID,
} from '../support/stub-authority.ts';
import { anAuthority, aRefresh, failure, settingsFor, signIn, userRead } from './an-authority.ts';

describe('refreshTokens', () => {
  let stub: StubAuthority;
  beforeEach(async () => {
    stub = await startStubAuthority();
  });
  afterEach(() => stub.close());

  it('asks for one resource with identity, client_info and claims, and names the home', async () => {
    const scopes = ['api://todo/Todo.Read'];
    await refreshTokens(anAuthority(stub), aRefresh({ scopes, claims: '{"access_token":{}}' }));
    const [request] = stub.tokenRequests;
    expect(Object.fromEntries(request?.form ?? [])).to.include({
      grant_type: 'refresh_token',
      refresh_token: 'refresh-1',
      scope: 'openid profile offline_access api://todo/Todo.Read',
      client_info: '1',
      claims: '{"access_token":{}}',
    });
    expect(request?.headers['x-anchormailbox']).to.equal(`Oid:${UID}@${TENANT}`);
  });

  it('gives the tokens with who they are of', async () => {
    const answer = await refreshTokens(anAuthority(stub), aRefresh());
    expect(answer).to.have.property('kind', 'verified');
    expect(answer).to.have.nested.property('response.refreshToken', 'refresh-2');
    expect(answer).to.have.nested.property('response.identity.accountId', `${UID}.${TENANT}`);
  });

  it('says who the answer speaks of, also when that is somebody else', async () => {
    const other = { sub: 'somebody-else', oid: 'o-2' };
    stub.onToken = async () => ({
      body: await stub.tokens({ client_info: clientInfo('o-2') }, other),
    });
    const answer = await refreshTokens(anAuthority(stub), aRefresh());
    expect(answer).to.have.nested.property('response.identity.accountId', `o-2.${TENANT}`);
    expect(answer).to.have.nested.property('response.identity.subject', 'somebody-else');
  });

  it('says that no new refresh token came', async () => {
    stub.onToken = async () => ({ body: await stub.tokens({ refresh_token: undefined }) });
    const answer = await refreshTokens(anAuthority(stub), aRefresh());
    expect(answer).to.have.nested.property('response.refreshToken', undefined);
  });

  describe('when the answer cannot be checked', () => {
    it('keeps its refresh token, and the account it names', async () => {
      stub.signWith = await newKey('key-not-published');
      const answer = await refreshTokens(anAuthority(stub), aRefresh());
      const { kind, refreshToken, accountId, cause } = unverified(answer);
      expect({ kind, refreshToken, accountId }).to.deep.equal({
        kind: 'unverified',
        refreshToken: 'refresh-2',
        accountId: `${UID}.${TENANT}`,
      });
      expect(cause).to.be.instanceOf(Unavailable);
    });

    it('keeps it while the keys cannot be fetched', async () => {
      stub.onKeys = () => ({ status: 503, body: 'down' });
      const answer = await refreshTokens(anAuthority(stub), aRefresh());
      expect(unverified(answer).refreshToken).to.equal('refresh-2');
      expect(unverified(answer).cause).to.be.instanceOf(Unavailable);
    });

    it('keeps it when no ID token came that would say whose it is', async () => {
      stub.onToken = async () => ({ body: await stub.tokens({ id_token: undefined }) });
      const { refreshToken, accountId } = unverified(
        await refreshTokens(anAuthority(stub), aRefresh()),
      );
      expect({ refreshToken, accountId }).to.deep.equal({
        refreshToken: 'refresh-2',
        accountId: `${UID}.${TENANT}`,
      });
    });

    it('keeps it when the rest of the answer makes no sense', async () => {
      stub.onToken = async () => ({ body: await stub.tokens({ access_token: 5 }) });
      const answer = unverified(await refreshTokens(anAuthority(stub), aRefresh()));
      expect(answer.refreshToken).to.equal('refresh-2');
      expect(answer.accountId).to.equal(`${UID}.${TENANT}`);
      expect(answer.cause).to.be.instanceOf(Unavailable);
    });
  });

  it('keeps the refresh token of an ID token that our own clock may wrong', async () => {
    const seconds = Math.floor(Date.now() / 1000);
    for (const claims of [{ exp: seconds - 90 }, { nbf: seconds + 90 }]) {
      stub.onToken = async () => ({ body: await stub.tokens({}, claims) });
      const answer = await refreshTokens(anAuthority(stub), aRefresh());
      expect(answer).to.include({ kind: 'unverified', accountId: `${UID}.${TENANT}` });
      expect(answer).to.have.property('refreshToken').that.is.a('string');
    }
  });

  it('needs no ID token of plain OpenID Connect', async () => {
    stub.onDiscovery = () => ({ body: { ...stub.document(''), issuer: stub.origin } });
    stub.onToken = async () => ({ body: await stub.tokens({ id_token: undefined }) });
    const authority = createAuthority(settingsFor({ kind: 'oidc', issuer: new URL(stub.origin) }), {
      fetch,
      now: Date.now,
      log: createLog('silent'),
      audit: () => {},
    });
    const answer = await refreshTokens(authority, aRefresh());
    expect(answer).to.have.property('kind', 'verified');
    expect(answer).to.have.nested.property('response.identity', undefined);
    expect(stub.tokenRequests[0]?.headers).not.to.have.property('x-anchormailbox');
  });

  describe('when the ID token is wrong', () => {
    for (const claims of [
      { aud: 'another-application' },
      { tid: OTHER_TENANT },
      { uid: 'somebody', utid: TENANT },
    ]) {
      it(`keeps nothing of the answer and says so in the log: ${Object.keys(claims)}`, async () => {
        const lines: string[] = [];
        const log = createLog('error', (line) => lines.push(line));
        stub.onToken = async () => ({ body: await stub.tokens({}, claims) });
        const error = await failure(refreshTokens(anAuthority(stub, { log }), aRefresh()));
        expect(error).to.be.instanceOf(Unavailable).with.property('outcome', 'unknown');
        expect(lines.join()).to.contain('refreshed_id_token_refused');
        expect(lines.join()).not.to.contain('refresh-2');
      });
    }

    it('keeps nothing when a known key did not sign it', async () => {
      stub.signWith = await newKey(stub.signWith.kid);
      const error = await failure(refreshTokens(anAuthority(stub), aRefresh()));
      expect(error).to.be.instanceOf(Unavailable);
    });
  });

  describe('just before sending', () => {
    it('asks once more, and sends nothing if the answer is no', async () => {
      const stop = new Error('the lease is gone');
      const request = aRefresh({
        beforeSend: () => {
          throw stop;
        },
      });
      expect(await failure(refreshTokens(anAuthority(stub), request))).to.equal(stop);
      expect(stub.tokenRequests).to.deep.equal([]);
    });

    it('asks in the same turn as the request leaves, after all else is ready', async () => {
      const order: string[] = [];
      const authority = anAuthority(stub, {
        fetch: (input, init) => {
          if (String(input).endsWith('/token')) order.push('sent');
          return fetch(input, init);
        },
      });
      const beforeSend = () => {
        order.push('asked');
        queueMicrotask(() => order.push('next turn'));
      };
      await refreshTokens(authority, aRefresh({ beforeSend }));
      expect(order).to.deep.equal(['asked', 'sent', 'next turn']);
    });
  });

  describe('when there is no answer', () => {
    it('knows that a refused connection did nothing', async () => {
      const authority = anAuthority(stub);
      await authority.metadata.current();
      await stub.close();
      const error = await failure(refreshTokens(authority, aRefresh()));
      expect(error).to.be.instanceOf(Unavailable).with.property('outcome', 'not-done');
    });

    for (const behaviour of ['silence', 'cut'] as const) {
      it(`does not know what ${behaviour} did`, async () => {
        stub.onToken = () => behaviour;
        const authority = anAuthority(stub, { limits: { tokenMs: 80 } });
        const error = await failure(refreshTokens(authority, aRefresh()));
        expect(error).to.be.instanceOf(Unavailable).with.property('outcome', 'unknown');
      });
    }
  });

  it('tells a dead refresh token from a site that is refused', async () => {
    stub.onToken = () => ({ status: 400, body: aadsts('invalid_grant', 700082) });
    const dead = await failure(refreshTokens(anAuthority(stub), aRefresh()));
    expect(dead).to.be.instanceOf(SignInRequired).with.property('reason', 'refresh-token-dead');
    expect(dead).to.have.deep.property('scopes', userRead);
    stub.onToken = () => ({
      status: 401,
      headers: { 'www-authenticate': 'Basic realm="x"' },
      body: aadsts('invalid_client', 7000222),
    });
    const ours = await failure(refreshTokens(anAuthority(stub), aRefresh()));
    expect(ours).to.be.instanceOf(Misconfigured);
    expect(ours).to.have.nested.property('detail.errorCodes').that.deep.equals([7000222]);
  });

  it('shows no token or secret in any error', async () => {
    const secrets = ['refresh-1', 'refresh-2', 'access-1', 'a secret'];
    const behaviours: StubAuthority['onToken'][] = [
      async () => ({ status: 400, body: { ...(await stub.tokens()), error: 'invalid_grant' } }),
      async () => ({ status: 500, body: await stub.tokens() }),
      async () => ({ body: await stub.tokens({ token_type: 'x' }) }),
      async () => ({ body: await stub.tokens({ token_type: 'x', refresh_token: 5 }) }),
      async () => ({ body: await stub.tokens({}, { aud: 'x' }) }),
      () => 'cut',
    ];
    for (const behaviour of behaviours) {
      stub.onToken = behaviour;
      const lines: string[] = [];
      const log = createLog('error', (line) => lines.push(line));
      const err = await refreshTokens(anAuthority(stub, { log }), aRefresh()).then(
        (answer) => unverified(answer).cause,
        (error: unknown) => error,
      );
      log.error({ err });
      expect(lines).not.to.be.empty;
      for (const secret of secrets) expect(lines.join()).not.to.contain(secret);
    }
  });

  describe('signing keys', () => {
    it('follow a rotation at once, asking once for many', async () => {
      const authority = anAuthority(stub);
      await signIn(authority, stub);
      const rotated = await newKey('key-2');
      stub.signWith = rotated;
      stub.keys = [{ ...rotated.jwk, issuer: `${stub.origin}/{tenantid}/v2.0` }];
      const answers = await Promise.all(
        Array.from({ length: 5 }, () => refreshTokens(authority, aRefresh())),
      );
      expect(answers.map(({ kind }) => kind)).to.deep.equal(Array(5).fill('verified'));
      expect(stub.keyRequests).to.have.length(2);
    });

    it('are not asked for again and again for a key that is not there', async () => {
      let now = Date.now();
      const authority = anAuthority(stub, { now: () => now });
      const published = stub.signWith;
      stub.signWith = await newKey('key-of-nobody');
      for (let i = 0; i < 9; i += 1) await refreshTokens(authority, aRefresh());
      expect(stub.keyRequests, 'the first look and five more').to.have.length(6);
      now += 301_000;
      await refreshTokens(authority, aRefresh());
      expect(stub.keyRequests).to.have.length(7);
      stub.signWith = published;
      expect(await refreshTokens(authority, aRefresh())).to.have.property('kind', 'verified');
    });

    it('follow the next rotation too, soon after', async () => {
      const authority = anAuthority(stub);
      for (const kid of ['key-2', 'key-3', 'key-4']) {
        const rotated = await newKey(kid);
        stub.signWith = rotated;
        stub.keys = [rotated.jwk];
        expect(await refreshTokens(authority, aRefresh())).to.have.property('kind', 'verified');
      }
    });

    it('are looked for again a second after a fault', async () => {
      let now = Date.now();
      const authority = anAuthority(stub, { now: () => now });
      await signIn(authority, stub);
      const rotated = await newKey('key-2');
      stub.signWith = rotated;
      stub.onKeys = () => ({ status: 503, body: 'down' });
      for (let i = 0; i < 9; i += 1) await refreshTokens(authority, aRefresh());
      expect(stub.keyRequests, 'once, not for each').to.have.length(2);
      now += 1000;
      stub.onKeys = () => ({ body: { keys: [rotated.jwk] } });
      expect(await refreshTokens(authority, aRefresh())).to.have.property('kind', 'verified');
    });

    it('are looked for after a fault though the clock was set back', async () => {
      let now = Date.now();
      const authority = anAuthority(stub, { now: () => now });
      await signIn(authority, stub);
      const rotated = await newKey('key-2');
      stub.signWith = rotated;
      stub.onKeys = () => ({ status: 503, body: 'down' });
      await refreshTokens(authority, aRefresh());
      now -= 3 * 3_600_000;
      stub.onKeys = () => ({ body: { keys: [rotated.jwk] } });
      const seconds = Math.floor(now / 1000);
      stub.onToken = async () => ({
        body: await stub.tokens({}, { nbf: seconds, exp: seconds + 3600 }),
      });
      expect(await refreshTokens(authority, aRefresh())).to.have.property('kind', 'verified');
    });

    it('are looked for though the clock was set back after the last look-up allowed', async () => {
      let now = Date.now();
      const authority = anAuthority(stub, { now: () => now });
      stub.signWith = await newKey('key-of-nobody');
      for (let i = 0; i < 6; i += 1) await refreshTokens(authority, aRefresh());
      const asked = stub.keyRequests.length;
      now -= 3 * 3_600_000;
      await refreshTokens(authority, aRefresh());
      expect(stub.keyRequests).to.have.length(asked + 1);
    });

    it('are kept through an outage, however long', async () => {
      let now = Date.now();
      const authority = anAuthority(stub, { now: () => now });
      await signIn(authority, stub);
      for (const fault of [
        { status: 503, body: 'down' },
        { body: '<html>' },
        { body: { keys: [] } },
      ]) {
        now += 48 * 3_600_000;
        stub.onKeys = () => fault;
        stub.onToken = async () => {
          const seconds = Math.floor(now / 1000);
          return { body: await stub.tokens({}, { nbf: seconds, exp: seconds + 3600 }) };
        };
        const answer = await refreshTokens(authority, aRefresh());
        expect(answer).to.have.property('kind', 'verified');
      }
      expect(stub.keyRequests).to.have.length.above(1);
    });

    it('that are weak or for another use do not count', async () => {
      const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey;
      for (const jwk of [
        { ...stub.signWith.jwk, use: 'enc' },
        { ...stub.signWith.jwk, alg: 'RS512' },
        { ...stub.signWith.jwk, n: '!' },
        { kty: 'oct', kid: 'key-1', k: 'c2VjcmV0' },
        { ...weak.export({ format: 'jwk' }), kid: 'key-1' },
      ]) {
        stub.keys = [jwk];
        const answer = await refreshTokens(anAuthority(stub), aRefresh());
        expect(answer, JSON.stringify(jwk)).to.have.property('kind', 'unverified');
      }
    });
  });
});

type Unverified = Extract<RefreshAnswer, { kind: 'unverified' }>;

function unverified(answer: RefreshAnswer): Unverified {
  if (answer.kind === 'unverified') return answer;
  throw new Error('It was expected to be unverified.');
}
