/** Redemption: what a good callback gives, and one refusal for each check. */
import { expect } from 'chai';
import { SignJWT, UnsecuredJWT } from 'jose';
import { createAuthority } from '../../src/authority/create-authority.ts';
import { Misconfigured, SignInFailed, SignInRequired, Unavailable } from '../../src/errors.ts';
import { createLog } from '../../src/log.ts';
import {
  aadsts,
  CLIENT_ID,
  clientInfo,
  newKey,
  OTHER_TENANT,
  PERSONAL,
  type StubAuthority,
  startStubAuthority,
  TENANT,
  UID,
} from '../support/stub-authority.ts';
import {
  anAuthority,
  failure,
  redirectUri,
  settingsFor,
  signIn,
  userRead,
} from './an-authority.ts';

describe('redeemCode', () => {
  let stub: StubAuthority;
  beforeEach(async () => {
    stub = await startStubAuthority();
  });
  afterEach(() => stub.close());

  /** A sign-in at `common` against an ID token with other claims. */
  async function withClaims(claims: Record<string, unknown>, tenantId = 'common') {
    stub.onToken = async () => ({ body: await stub.tokens({}, claims) });
    return await signIn(anAuthority(stub, { tenantId }), stub);
  }

  function expectBadAnswer(error: unknown, check: string): void {
    expect(error).to.be.instanceOf(SignInFailed).with.property('reason', 'bad-answer');
    expect(error).to.have.nested.property('cause.message').that.contains(check);
  }

  describe('with a good callback', () => {
    it('gives the tokens and who they are of', async () => {
      const { claims, ...redeemed } = await signIn(anAuthority(stub), stub);
      expect(claims).to.include({ ver: '2.0', nonce: stub.nonce, oid: UID });
      expect(redeemed).to.deep.equal({
        accessToken: 'access-1',
        refreshToken: 'refresh-2',
        scopes: ['openid', 'profile', 'https://graph.microsoft.com/User.Read'],
        expiresInSeconds: 3599,
        refreshInSeconds: 1800,
        identity: {
          accountId: `${UID}.${TENANT}`,
          issuer: `${stub.origin}/${TENANT}/v2.0`,
          subject: 'pairwise-subject',
          tenantId: TENANT,
          objectId: UID,
          name: 'Ada Lovelace',
          username: 'ada@contoso.test',
          loginHint: 'opaque-hint',
          sid: 'authority-session',
        },
      });
    });

    it('sends the code with its verifier, one resource and the secret, as it is written', async () => {
      await signIn(anAuthority(stub), stub);
      const [request] = stub.tokenRequests;
      const { code_verifier, ...form } = Object.fromEntries(request?.form ?? []);
      expect(code_verifier).to.have.length(43);
      expect(form).to.deep.equal({
        grant_type: 'authorization_code',
        client_id: CLIENT_ID,
        client_secret: 'a secret & a half',
        code: 'code-1',
        redirect_uri: redirectUri.href,
        scope: `openid profile offline_access ${userRead.join(' ')}`,
        client_info: '1',
      });
      expect(request?.headers).to.include({
        'x-client-sku': 'concierge',
        'return-client-request-id': 'true',
      });
      expect(request?.headers['client-request-id']).to.match(/^[0-9a-f-]{36}$/);
      expect(request?.headers).not.to.have.property('origin');
    });

    it('passes over parameters it does not know, whatever they mean elsewhere', async () => {
      await signIn(anAuthority(stub), stub, (callback) => {
        for (const name of ['response', 'id_token', 'token', 'x']) callback.append(name, 'y');
      });
    });

    for (const tenant of [TENANT, OTHER_TENANT, PERSONAL]) {
      it(`takes an account of tenant ${tenant} at common`, async () => {
        const { identity } = await withClaims(stub.ofTenant(tenant));
        expect(identity.tenantId).to.equal(tenant);
      });
    }

    it('names a guest by the home account', async () => {
      stub.onToken = async () => ({
        body: await stub.tokens({ client_info: clientInfo(UID, OTHER_TENANT) }),
      });
      const { identity } = await signIn(anAuthority(stub), stub);
      expect(identity.accountId).to.equal(`${UID}.${OTHER_TENANT}`);
    });

    for (const client_info of [undefined, '', 'e30', '%%%', 5, clientInfo('../../x')]) {
      it(`does with oid and tid when client_info is ${client_info}`, async () => {
        stub.onToken = async () => ({ body: await stub.tokens({ client_info }, { oid: 'o-1' }) });
        const { identity } = await signIn(anAuthority(stub), stub);
        expect(identity.accountId).to.equal(`o-1.${TENANT}`);
      });
    }

    it('tolerates a clock a minute off, and iat at any time', async () => {
      const now = Math.floor(Date.now() / 1000);
      await withClaims({ iat: now + 3000, nbf: now + 50, exp: now - 50 });
    });

    it('takes the iss parameter of any tenant at common', async () => {
      await signIn(anAuthority(stub, { tenantId: 'common' }), stub, (callback) => {
        callback.set('iss', `${stub.origin}/${TENANT}/v2.0`);
      });
    });

    it('takes numbers sent as text, and scopes not sent as those asked for', async () => {
      stub.onToken = async () => ({
        body: await stub.tokens({ expires_in: '3600', scope: undefined, refresh_in: 'soon' }),
      });
      const { expiresInSeconds, scopes, refreshInSeconds } = await signIn(anAuthority(stub), stub);
      expect({ expiresInSeconds, scopes, refreshInSeconds }).to.deep.equal({
        expiresInSeconds: 3600,
        scopes: userRead,
        refreshInSeconds: undefined,
      });
    });
  });

  describe('refuses a callback', () => {
    const bad: readonly (readonly [string, string, (callback: URLSearchParams) => void])[] = [
      ['with another state', 'state', (c) => c.set('state', 'other')],
      ['without state', 'state', (c) => c.delete('state')],
      ['with two states', 'state', (c) => c.append('state', 'other')],
      ['with two codes', 'code', (c) => c.append('code', 'code-2')],
      ['without a code', 'code', (c) => c.delete('code')],
      ['of another authority', 'iss', (c) => c.set('iss', `https://evil.test/${TENANT}/v2.0`)],
    ];
    for (const [what, check, change] of bad) {
      it(`${what}, before anything is sent`, async () => {
        expectBadAnswer(await failure(signIn(anAuthority(stub), stub, change)), check);
        expect(stub.tokenRequests).to.deep.equal([]);
      });
    }

    it('of another tenant', async () => {
      const change = (c: URLSearchParams) => c.set('iss', `${stub.origin}/${OTHER_TENANT}/v2.0`);
      expectBadAnswer(await failure(signIn(anAuthority(stub), stub, change)), 'iss');
    });

    it('with the literal template as its iss', async () => {
      const authority = anAuthority(stub, { tenantId: 'common' });
      const change = (c: URLSearchParams) => c.set('iss', `${stub.origin}/{tenantid}/v2.0`);
      expectBadAnswer(await failure(signIn(authority, stub, change)), 'iss');
    });

    it('without iss from an authority that always sends it', async () => {
      const announced = { authorization_response_iss_parameter_supported: true };
      stub.onDiscovery = () => ({ body: { ...stub.document(TENANT), ...announced } });
      expectBadAnswer(await failure(signIn(anAuthority(stub), stub)), 'iss');
    });

    it('that says the person declined, and says for which scopes', async () => {
      const error = await failure(
        signIn(anAuthority(stub), stub, (callback) => {
          callback.delete('code');
          callback.set('error', 'access_denied');
          callback.set(
            'error_description',
            'AADSTS65004: User declined. Trace ID: 0f0e3a55-1111-4222-8333-444455556666',
          );
        }),
      );
      expect(error).to.be.instanceOf(SignInFailed).with.property('reason', 'declined');
      expect(error).to.have.deep.property('scopes', userRead);
      expect(error).to.have.deep.property('detail', {
        error: 'access_denied',
        errorCodes: [65004],
        traceId: '0f0e3a55-1111-4222-8333-444455556666',
      });
    });

    it('that says declined but answers another sign-in', async () => {
      const error = await failure(
        signIn(anAuthority(stub), stub, (callback) => {
          callback.set('state', 'other');
          callback.set('error', 'access_denied');
        }),
      );
      expectBadAnswer(error, 'state');
    });
  });

  describe('refuses an ID token', () => {
    // Asked within each test: a long run may come to it minutes after this file was loaded.
    const seconds = () => Math.floor(Date.now() / 1000);
    const wrong: readonly (readonly [string, string, () => Record<string, unknown>])[] = [
      ['for another sign-in', 'nonce', () => ({ nonce: 'other' })],
      ['without a nonce', 'nonce', () => ({ nonce: undefined })],
      ['for another application', 'aud', () => ({ aud: OTHER_TENANT })],
      ['for two, without saying who asked', 'azp', () => ({ aud: [CLIENT_ID, 'other'] })],
      ['that another application asked for', 'azp', () => ({ azp: 'other' })],
      ['that never expires', 'exp', () => ({ exp: undefined })],
      ['without a subject', 'sub', () => ({ sub: undefined })],
      ['of another issuer', 'iss', () => ({ iss: `https://evil.test/${TENANT}/v2.0` })],
      ['whose tid is not of its issuer', 'tid', () => ({ tid: OTHER_TENANT })],
      ['without a tid', 'tid', () => ({ tid: undefined })],
      [
        'whose home account is not that of client_info',
        'client_info',
        () => ({ uid: 'x', utid: TENANT }),
      ],
    ];
    for (const [what, claims] of [
      ['that has expired', () => ({ exp: seconds() - 90 })],
      ['of the future', () => ({ nbf: seconds() + 90 })],
    ] as const) {
      it(`${what}, and tells the operator of the clock: it has just been made`, async () => {
        const error = await failure(withClaims(claims()));
        if (!(error instanceof Misconfigured)) throw error;
        expect(String(error.cause)).to.include('set the clock');
      });
    }
    for (const [what, check, claims] of wrong) {
      it(what, async () => expectBadAnswer(await failure(withClaims(claims())), check));
    }

    it('whose tid is not a GUID, though its issuer says the same', async () => {
      const claims = { tid: 'evil', iss: `${stub.origin}/evil/v2.0` };
      expectBadAnswer(await failure(withClaims(claims)), 'iss');
    });

    it('of another tenant than the one configured', async () => {
      const error = await failure(withClaims(stub.ofTenant(OTHER_TENANT), TENANT));
      expectBadAnswer(error, 'iss');
    });

    it('of a personal account where work accounts are wanted', async () => {
      const error = await failure(withClaims(stub.ofTenant(PERSONAL), 'organizations'));
      expectBadAnswer(error, 'tid');
    });

    it('of a tenant, signed with the key of personal accounts', async () => {
      stub.keys = stub.keys.map((key) => ({ ...key, issuer: `${stub.origin}/${PERSONAL}/v2.0` }));
      await withClaims(stub.ofTenant(PERSONAL));
      expectBadAnswer(await failure(withClaims({})), 'key issuer');
    });

    it('signed with another key under a known name', async () => {
      stub.signWith = await newKey(stub.signWith.kid);
      expectBadAnswer(await failure(signIn(anAuthority(stub), stub)), 'SIGNATURE');
    });

    it('that is not signed', async () => {
      stub.onToken = async () => {
        const id_token = new UnsecuredJWT(stub.claims()).encode();
        return { body: await stub.tokens({ id_token }) };
      };
      expectBadAnswer(await failure(signIn(anAuthority(stub), stub)), 'algorithm');
    });

    it('signed with the client secret or the public key as a secret', async () => {
      for (const secret of ['a secret & a half'.padEnd(32), JSON.stringify(stub.keys[0])]) {
        stub.onToken = async () => {
          const id_token = await new SignJWT(stub.claims())
            .setProtectedHeader({ alg: 'HS256', kid: stub.signWith.kid })
            .sign(Buffer.from(secret));
          return { body: await stub.tokens({ id_token }) };
        };
        expectBadAnswer(await failure(signIn(anAuthority(stub), stub)), 'algorithm');
      }
    });

    it('that is missing', async () => {
      stub.onToken = async () => ({ body: await stub.tokens({ id_token: undefined }) });
      expectBadAnswer(await failure(signIn(anAuthority(stub), stub)), 'no ID token');
    });

    it('that is no token at all', async () => {
      stub.onToken = async () => ({ body: await stub.tokens({ id_token: 'x.y.z' }) });
      expectBadAnswer(await failure(signIn(anAuthority(stub), stub)), 'algorithm');
    });
  });

  it('says "later" when the signing key is not known, even after asking again', async () => {
    stub.signWith = await newKey('key-of-nobody');
    const error = await failure(signIn(anAuthority(stub), stub));
    expect(error).to.be.instanceOf(Unavailable);
    expect(stub.keyRequests).to.have.length(2);
  });

  describe('when the token endpoint refuses', () => {
    async function refusedWith(status: number, body: unknown): Promise<unknown> {
      stub.onToken = () => ({ status, body });
      return await failure(signIn(anAuthority(stub), stub));
    }

    it('says that a code used before was used before', async () => {
      const error = await refusedWith(400, aadsts('invalid_grant', 54005));
      expect(error).to.be.instanceOf(SignInFailed).with.property('reason', 'bad-answer');
      expect(error).to.have.property('message', 'This sign-in was already completed. Start again.');
      expect(error).to.have.deep.property('detail', {
        error: 'invalid_grant',
        errorCodes: [54005],
        traceId: 'ff335f08-ba8c-4aa9-ac56-a710a11a3e00',
        correlationId: 'd66d6c77-ff41-4798-8a29-15eca1307043',
        timestamp: '2026-03-01 10:26:15Z',
      });
    });

    it('asks for more of the person when that is what the authority wants', async () => {
      const claims = '{"access_token":{"capolids":{"essential":true,"values":["p"]}}}';
      const error = await refusedWith(400, aadsts('invalid_grant', 50076, { claims }));
      expect(error).to.be.instanceOf(SignInRequired).with.property('reason', 'interaction');
      expect(error).to.have.property('claims', claims);
    });

    it('starts over for any other refused code', async () => {
      const error = await refusedWith(400, aadsts('invalid_grant', 70008));
      expect(error).to.be.instanceOf(SignInFailed).with.property('reason', 'bad-answer');
    });

    it('wakes the operator for a wrong secret', async () => {
      const error = await refusedWith(401, aadsts('invalid_client', 7000215));
      expect(error).to.be.instanceOf(Misconfigured);
    });

    for (const [status, body] of [
      [503, { error: 'temporarily_unavailable' }],
      [500, aadsts('invalid_grant', 54005)],
      [502, '<html>Bad gateway</html>'],
      [200, '<html>Welcome</html>'],
      [200, { access_token: 'only' }],
      [204, ''],
      [302, ''],
    ] as const) {
      it(`says "later" to ${status} ${JSON.stringify(body).slice(0, 30)}`, async () => {
        expect(await refusedWith(status, body)).to.be.instanceOf(Unavailable);
      });
    }

    it('waits as long as it is told to', async () => {
      stub.onToken = () => ({
        status: 429,
        headers: { 'retry-after': '17' },
        body: 'Too Many Requests',
      });
      const error = await failure(signIn(anAuthority(stub), stub));
      expect(error).to.be.instanceOf(Unavailable).with.property('retryAfterSeconds', 17);
    });

    it('does not wait for ever', async () => {
      stub.onToken = () => 'silence';
      const authority = anAuthority(stub, { limits: { tokenMs: 80 } });
      const error = await failure(signIn(authority, stub));
      expect(error).to.be.instanceOf(Unavailable).with.property('outcome', 'unknown');
    });
  });

  it('names an account of plain OpenID Connect by issuer and subject', async () => {
    const issuer = stub.origin;
    const basic = { token_endpoint_auth_methods_supported: undefined };
    stub.onDiscovery = () => ({ body: { ...stub.document(''), issuer, ...basic } });
    stub.keys = stub.keys.map(({ issuer: _, kid: __, ...key }) => key);
    const authority = createAuthority(settingsFor({ kind: 'oidc', issuer: new URL(issuer) }), {
      fetch,
      now: Date.now,
      log: createLog('silent'),
      audit: () => {},
    });
    stub.onToken = async () => {
      const id_token = await stub.idToken({ iss: issuer, tid: undefined }, { kid: undefined });
      return { body: await stub.tokens({ id_token }) };
    };
    const { identity } = await signIn(authority, stub);
    expect(identity.accountId).to.equal(`${issuer} pairwise-subject`);
    const [request] = stub.tokenRequests;
    expect(request?.headers.authorization).to.match(/^Basic /);
    expect(request?.form.has('client_secret')).to.equal(false);
  });
});
