/** Logout tokens: what a good one says, and one refusal for each check of the conformance suite and ours. */
import { expect } from 'chai';
import { generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import { type Authority, createAuthority } from '../../src/authority/create-authority.ts';
import { readLogoutToken } from '../../src/authority/read-logout-token.ts';
import { Unavailable } from '../../src/errors.ts';
import { createLog } from '../../src/log.ts';
import {
  CLIENT_ID,
  newKey,
  OTHER_TENANT,
  PERSONAL,
  type StubAuthority,
  startStubAuthority,
} from '../support/stub-authority.ts';
import { anAuthority, settingsFor } from './an-authority.ts';

const EVENT = 'http://schemas.openid.net/event/backchannel-logout';

describe('readLogoutToken', () => {
  let stub: StubAuthority;
  let authority: Authority;
  const clock = { now: 0 };
  beforeEach(async () => {
    clock.now = Date.now();
    stub = await startStubAuthority();
    const { origin } = stub;
    stub.onDiscovery = () => ({ body: { ...stub.document(''), issuer: origin } });
    const now = () => clock.now;
    const parts = { fetch, now, log: createLog('silent'), audit: () => {} };
    authority = createAuthority(settingsFor({ kind: 'oidc', issuer: new URL(origin) }), parts);
  });
  afterEach(() => stub.close());

  const seconds = () => Math.floor(clock.now / 1000);
  const claimsWith = (change: Record<string, unknown> = {}) => ({
    iss: stub.origin,
    aud: CLIENT_ID,
    sub: 'ada',
    sid: 'session-1',
    iat: seconds(),
    exp: seconds() + 120,
    jti: 'logout-1',
    events: { [EVENT]: {} },
    ...change,
  });

  async function aToken(change: Record<string, unknown> = {}, header: object = {}) {
    return await new SignJWT(claimsWith(change))
      .setProtectedHeader({ alg: 'RS256', kid: stub.signWith.kid, typ: 'logout+jwt', ...header })
      .sign(stub.signWith.privateKey);
  }

  const read = (logoutToken: string) => readLogoutToken(authority, logoutToken);
  async function expectWrong(logoutToken: string, check: string): Promise<void> {
    const answer = await read(logoutToken);
    expect(answer.kind === 'wrong' ? answer.check : answer.kind).to.contain(check);
  }

  it('of keys that do not exist leaves sign-ins their look for a new key', async () => {
    await read(await aToken());
    for (let i = 0; i < 9; i += 1) {
      expect((await read(await aToken({}, { kid: `made-up-${i}` }))).kind).to.equal('unknown-key');
    }
    const rotated = await newKey('key-2');
    stub.signWith = rotated;
    stub.keys = [rotated.jwk];
    const wanted = { kid: 'key-2', algorithm: 'RS256' };
    expect(await authority.signingKeys.find(wanted)).to.include({ kid: 'key-2' });
  });

  describe('gives', () => {
    it('the session and the account of one that names both', async () => {
      expect(await read(await aToken())).to.deep.equal({
        kind: 'valid',
        token: {
          issuer: stub.origin,
          sid: 'session-1',
          accountId: `${stub.origin} ada`,
          id: 'logout-1',
          expiresAt: (seconds() + 180) * 1000,
          begunBy: (seconds() + 61) * 1000,
        },
      });
    });

    it('the time by which the sign-ins it ends had begun, however late it comes', async () => {
      const issued = seconds() - 300;
      const answer = await read(await aToken({ iat: issued }));
      expect(answer).to.have.nested.property('token.begunBy', (issued + 61) * 1000);
    });

    it('the session alone where there is no subject', async () => {
      const answer = await read(await aToken({ sub: undefined }));
      expect(answer).to.have.nested.property('token.sid', 'session-1');
      expect(answer).to.have.nested.property('token.accountId', undefined);
    });

    it('the account alone where there is no session', async () => {
      const answer = await read(await aToken({ sid: undefined }));
      expect(answer).to.have.nested.property('token.sid', undefined);
      expect(answer).to.have.nested.property('token.accountId', `${stub.origin} ada`);
    });

    for (const typ of ['logout+jwt', 'application/logout+jwt', 'JWT', 'Logout+JWT', undefined]) {
      it(`what one of type ${typ} says`, async () => {
        expect(await read(await aToken({}, { typ }))).to.have.property('kind', 'valid');
      });
    }

    it('what one says to several, with claims of other meanings', async () => {
      const change = { aud: ['other', CLIENT_ID], events: { [EVENT]: { why: 1 }, x: 1 }, y: 2 };
      expect(await read(await aToken(change))).to.have.property('kind', 'valid');
    });

    it('the session of one of Entra ID, whose subject tells no account', async () => {
      stub.onDiscovery = ({ path }) => ({ body: stub.document(path.split('/')[1] ?? '') });
      const entra = anAuthority(stub, { tenantId: 'common' });
      const tenant = stub.ofTenant(OTHER_TENANT);
      const answer = await readLogoutToken(entra, await aToken(tenant));
      expect(answer).to.have.nested.property('token.sid', 'session-1');
      expect(answer).to.have.nested.property('token.accountId', undefined);
      const subject = await readLogoutToken(entra, await aToken({ ...tenant, sid: undefined }));
      expect(subject).to.deep.equal({ kind: 'wrong', check: 'sub or sid' });
    });
  });

  it('tolerates a clock a minute off', async () => {
    for (const change of [
      { exp: seconds() - 50 },
      { iat: seconds() + 50 },
      { iat: seconds() - 650 },
    ])
      expect(await read(await aToken(change))).to.have.property('kind', 'valid');
  });

  for (const [which, life] of [
    ['a short life', 120],
    ['a life longer than it may be old', 86_400],
  ] as const) {
    it(`says of one with ${which} until when a copy would be taken, and not longer`, async () => {
      const logoutToken = await aToken({ exp: seconds() + life });
      const answer = await read(logoutToken);
      if (answer.kind !== 'valid') throw new Error(answer.kind);
      clock.now = answer.token.expiresAt - 1;
      expect(await read(logoutToken)).to.have.property('kind', 'valid');
      clock.now = answer.token.expiresAt;
      expect(await read(logoutToken)).to.have.property('kind', 'wrong');
    });
  }

  describe('refuses one', () => {
    const wrong: readonly (readonly [string, string, () => Record<string, unknown>])[] = [
      ['of another issuer', 'iss', () => ({ iss: 'https://evil.test' })],
      ['without an issuer', 'iss', () => ({ iss: undefined })],
      ['for another application', 'aud', () => ({ aud: OTHER_TENANT })],
      ['without an audience', 'aud', () => ({ aud: undefined })],
      ['without events', 'events', () => ({ events: undefined })],
      ['with another event', 'events', () => ({ events: { 'https://other.test': {} } })],
      ['whose events are a list', 'events', () => ({ events: [EVENT] })],
      ['whose event is a text', 'events', () => ({ events: { [EVENT]: 'yes' } })],
      ['whose event is a list', 'events', () => ({ events: { [EVENT]: [] } })],
      ['whose event is null', 'events', () => ({ events: { [EVENT]: null } })],
      ['with a nonce', 'nonce', () => ({ nonce: 'n' })],
      ['with a nonce of null', 'nonce', () => ({ nonce: null })],
      ['with neither sid nor sub', 'sub or sid', () => ({ sub: undefined, sid: undefined })],
      ['whose sid is a number', 'sid', () => ({ sid: 7 })],
      ['whose sub is empty', 'sub', () => ({ sub: '' })],
      ['without a jti', 'jti', () => ({ jti: undefined })],
      ['whose jti is empty', 'jti', () => ({ jti: '' })],
      ['whose jti is endless', 'jti', () => ({ jti: 'j'.repeat(1025) })],
      ['without an iat', 'iat', () => ({ iat: undefined })],
      ['more than ten minutes old', 'iat', () => ({ iat: seconds() - 670, exp: seconds() + 9 })],
      ['of the future', 'iat', () => ({ iat: seconds() + 70 })],
      ['not valid yet', 'nbf', () => ({ nbf: seconds() + 70 })],
      ['that never expires', 'exp', () => ({ exp: undefined })],
      ['that has expired', 'exp', () => ({ exp: seconds() - 70 })],
    ];
    for (const [what, check, change] of wrong) {
      it(what, async () => expectWrong(await aToken(change()), check));
    }

    for (const typ of ['at+jwt', 'id+jwt', 'application/jwt', 'secevent+jwt', '']) {
      it(`of type "${typ}"`, async () => expectWrong(await aToken({}, { typ }), 'typ'));
    }

    it('that is not signed', async () => {
      await expectWrong(new UnsecuredJWT(claimsWith()).encode(), 'algorithm');
    });

    it('signed with the client secret or the public key as a secret', async () => {
      for (const secret of ['a secret & a half'.padEnd(32), JSON.stringify(stub.keys[0])]) {
        const logoutToken = await new SignJWT(claimsWith())
          .setProtectedHeader({ alg: 'HS256', kid: stub.signWith.kid, typ: 'logout+jwt' })
          .sign(Buffer.from(secret));
        await expectWrong(logoutToken, 'algorithm');
      }
    });

    it('signed with an algorithm that the key is not for', async () => {
      stub.keys = stub.keys.map((key) => ({ ...key, alg: 'RS256' }));
      const { privateKey } = await generateKeyPair('ES256');
      const logoutToken = await new SignJWT(claimsWith())
        .setProtectedHeader({ alg: 'ES256', kid: stub.signWith.kid, typ: 'logout+jwt' })
        .sign(privateKey);
      expect(await read(logoutToken)).to.have.property('kind', 'unknown-key');
    });

    it('signed with another key under a known name', async () => {
      stub.signWith = await newKey(stub.signWith.kid);
      await expectWrong(await aToken(), 'SIGNATURE');
    });

    it('whose claims were changed after it was signed', async () => {
      const [header, , signature] = (await aToken()).split('.');
      const claims = Buffer.from(JSON.stringify(claimsWith({ sub: 'bob' }))).toString('base64url');
      await expectWrong(`${header}.${claims}.${signature}`, 'SIGNATURE');
    });

    it('that has to be understood in a way not known here', async () => {
      await expectWrong(await critical(), 'ERR_JOSE_NOT_SUPPORTED');
    });

    it('of a tenant, signed with the key of personal accounts', async () => {
      stub.onDiscovery = ({ path }) => ({ body: stub.document(path.split('/')[1] ?? '') });
      stub.keys = stub.keys.map((key) => ({ ...key, issuer: `${stub.origin}/${PERSONAL}/v2.0` }));
      const entra = anAuthority(stub, { tenantId: 'common' });
      const answer = await readLogoutToken(entra, await aToken(stub.ofTenant(OTHER_TENANT)));
      expect(answer).to.deep.equal({ kind: 'wrong', check: 'key issuer' });
    });

    for (const text of ['', 'x.y.z', 'not a token', '{"iss":"x"}', 'eyJhbGciOiJSUzI1NiJ9']) {
      it(`that is no token: "${text}"`, async () => {
        const answer = await read(text);
        expect(answer.kind).to.equal('wrong');
      });
    }

    it('that is longer than any real one, before reading it', async () => {
      const logoutToken = await aToken({ x: 'x'.repeat(16_384) });
      await expectWrong(logoutToken, 'length');
      expect(stub.requests).to.deep.equal([]);
    });
  });

  /** With a `crit` header (RFC 7515 §4.1.11) that nobody but its signer understands. */
  async function critical(): Promise<string> {
    return await new SignJWT(claimsWith())
      .setProtectedHeader({
        alg: 'RS256',
        kid: stub.signWith.kid,
        crit: ['urn:example:must'],
        'urn:example:must': true,
      })
      .sign(stub.signWith.privateKey, { crit: { 'urn:example:must': true } });
  }

  it('says "later" to one whose key is not known, even after asking again', async () => {
    stub.signWith = await newKey('key-of-nobody');
    const answer = await read(await aToken());
    expect(answer.kind === 'unknown-key' && answer.cause).to.be.instanceOf(Unavailable);
    expect(stub.keyRequests).to.have.length(2);
  });

  it('says "later" while the authority is away', async () => {
    const logoutToken = await aToken();
    stub.onKeys = () => ({ status: 503, body: 'away' });
    const answer = await read(logoutToken);
    expect(answer.kind === 'unknown-key' && answer.cause).to.be.instanceOf(Unavailable);
  });

  it('lets anything else be thrown', async () => {
    const broken = { ...authority, now: () => Number.NaN };
    const thrown = await readLogoutToken(broken, await aToken()).catch((error: unknown) => error);
    expect(thrown).to.be.instanceOf(TypeError);
  });
});
