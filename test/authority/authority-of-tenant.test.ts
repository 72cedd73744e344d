/** Refreshing in another tenant: its own endpoints, issuer and keys, and nothing sent where it does not belong. */
import { createHash, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { expect } from 'chai';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { selfSigned, toPem } from '../../scripts/sandbox/self-signed.ts';
import { authorityOfTenant } from '../../src/authority/authority-of-tenant.ts';
import { createAuthority } from '../../src/authority/create-authority.ts';
import { refreshTokens } from '../../src/authority/refresh-tokens.ts';
import { Misconfigured, SignInRequired, Unavailable } from '../../src/errors.ts';
import { createLog } from '../../src/log.ts';
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
import { aCertificate, anAuthority, aRefresh, failure, settingsFor } from './an-authority.ts';

const GUEST = 'dddddddd-1111-4222-8333-eeeeeeeeeeee';

describe('A refresh in another tenant', () => {
  let stub: StubAuthority;
  beforeEach(async () => {
    stub = await startStubAuthority();
    stub.onToken = async ({ path }) => ({ body: await tokensAt(path.split('/')[1] ?? '') });
  });
  afterEach(() => stub.close());

  /** A token response of a tenant, in which the account is a guest. */
  const tokensAt = (tenant: string, claims = {}, members = {}) =>
    stub.tokens(members, { ...stub.ofTenant(tenant), oid: GUEST, ...claims });
  const pathsTo = (end: string) =>
    stub.requests.map(({ path }) => path).filter((path) => path.endsWith(end));
  const inOther = aRefresh({ tenantId: OTHER_TENANT });

  it('asks that tenant’s token endpoint, and checks by that tenant’s issuer and keys', async () => {
    const answer = await refreshTokens(anAuthority(stub), inOther);
    expect(stub.requests.map(({ path }) => path)).to.deep.equal([
      `/${OTHER_TENANT}/v2.0/.well-known/openid-configuration`,
      `/${OTHER_TENANT}/oauth2/v2.0/token`,
      `/${OTHER_TENANT}/discovery/v2.0/keys`,
    ]);
    expect(stub.tokenRequests[0]?.headers['x-anchormailbox']).to.equal(`Oid:${UID}@${TENANT}`);
    expect(answer).to.have.property('kind', 'verified');
    expect(answer).to.have.nested.property('response.identity.tenantId', OTHER_TENANT);
    expect(answer).to.have.nested.property('response.identity.objectId', GUEST);
  });

  it('still names the home account', async () => {
    const answer = await refreshTokens(anAuthority(stub), inOther);
    expect(answer).to.have.nested.property('response.identity.accountId', `${UID}.${TENANT}`);
    const other = { client_info: clientInfo('somebody-else') };
    stub.onToken = async () => ({ body: await tokensAt(OTHER_TENANT, {}, other) });
    const foreign = await refreshTokens(anAuthority(stub), inOther);
    expect(foreign).to.have.nested.property(
      'response.identity.accountId',
      `somebody-else.${TENANT}`,
    );
  });

  for (const tenantId of ['common', 'organizations', TENANT]) {
    it(`works from ${tenantId}, whose own tokens are as they were`, async () => {
      const authority = anAuthority(stub, { tenantId });
      await refreshTokens(authority, inOther);
      stub.onToken = async () => ({ body: await stub.tokens() });
      const answer = await refreshTokens(authority, aRefresh());
      expect(answer).to.have.nested.property('response.identity.tenantId', TENANT);
      expect(pathsTo('/token').at(-1)).to.equal(`/${tenantId}/oauth2/v2.0/token`);
    });
  }

  it('takes a domain, whatever tenant its discovery document names', async () => {
    const authority = anAuthority(stub, { tenantId: OTHER_TENANT });
    stub.onToken = async () => ({ body: await tokensAt(TENANT) });
    const answer = await refreshTokens(authority, aRefresh({ tenantId: 'Contoso.test' }));
    expect(answer).to.have.nested.property('response.identity.tenantId', TENANT);
    expect(pathsTo('/token')).to.deep.equal(['/contoso.test/oauth2/v2.0/token']);
  });

  describe('keeps nothing of an answer', () => {
    const wrong: readonly (readonly [string, () => object])[] = [
      ['of the tenant people sign in to', () => stub.ofTenant(TENANT)],
      ['whose issuer is right and whose tenant is not', () => ({ tid: TENANT })],
      ['whose tenant is right and whose issuer is not', () => ({ iss: stub.ofTenant(TENANT).iss })],
    ];
    for (const [what, claims] of wrong) {
      it(what, async () => {
        stub.onToken = async () => ({ body: await tokensAt(OTHER_TENANT, claims()) });
        const error = await failure(refreshTokens(anAuthority(stub), inOther));
        expect(error).to.be.instanceOf(Unavailable).with.property('outcome', 'unknown');
      });
    }

    it('signed with a key that may only sign for another tenant', async () => {
      stub.keys = [{ ...stub.signWith.jwk, issuer: stub.ofTenant(TENANT).iss }];
      const error = await failure(refreshTokens(anAuthority(stub), inOther));
      expect(error).to.have.nested.property('cause.message').that.contains('key issuer');
    });
  });

  it('knows each tenant’s keys apart', async () => {
    const authority = anAuthority(stub);
    await refreshTokens(authority, aRefresh({ tenantId: undefined }));
    const theirs = await newKey('key-of-the-other');
    stub.onKeys = ({ path }) => ({
      body: { keys: [path.includes(OTHER_TENANT) ? theirs.jwk : stub.signWith.jwk] },
    });
    expect(await refreshTokens(authority, inOther)).to.have.property('kind', 'unverified');
    stub.signWith = theirs;
    expect(await refreshTokens(authority, inOther)).to.have.property('kind', 'verified');
  });

  describe('sends nothing at all', () => {
    for (const tenantId of [
      ...['common', 'Organizations', 'consumers', '', ' ', 'contoso', 'contoso.test/x', 'a..b'],
      ...['https://evil.test', 'evil.test#', '../common', `${TENANT} `, `${TENANT}0`, 'é.test'],
    ]) {
      it(`for ${JSON.stringify(tenantId)}, which is no tenant`, async () => {
        let asked = 0;
        const beforeSend = () => {
          asked += 1;
        };
        const error = await failure(
          refreshTokens(anAuthority(stub), aRefresh({ tenantId, beforeSend })),
        );
        expect(error).to.be.instanceOf(Misconfigured);
        expect(stub.requests).to.deep.equal([]);
        expect(asked).to.equal(0);
      });
    }

    it('at plain OpenID Connect, which has no tenants', async () => {
      const issuer = new URL(stub.origin);
      const authority = createAuthority(settingsFor({ kind: 'oidc', issuer }), {
        fetch,
        now: Date.now,
        log: createLog('silent'),
        audit: () => {},
      });
      expect(await failure(refreshTokens(authority, inOther))).to.be.instanceOf(Misconfigured);
      expect(stub.requests).to.deep.equal([]);
    });

    for (const endpoint of ['token_endpoint', 'jwks_uri', 'authorization_endpoint']) {
      it(`to a tenant whose ${endpoint} is at another cloud’s host`, async () => {
        const elsewhere = { [endpoint]: 'https://login.microsoftonline.us/x' };
        stub.onDiscovery = () => ({ body: { ...stub.document(OTHER_TENANT), ...elsewhere } });
        const error = await failure(refreshTokens(anAuthority(stub), inOther));
        expect(error).to.be.instanceOf(Misconfigured);
        expect(stub.tokenRequests).to.deep.equal([]);
      });
    }

    it('to a tenant whose document speaks for another', async () => {
      stub.onDiscovery = () => ({ body: stub.document(TENANT) });
      const error = await failure(refreshTokens(anAuthority(stub), inOther));
      expect(error).to.be.instanceOf(Misconfigured);
      expect(stub.tokenRequests).to.deep.equal([]);
    });
  });

  describe('in a tenant that does not exist', () => {
    it('is the operator’s to mend when discovery says so', async () => {
      stub.onDiscovery = () => ({ status: 400, body: aadsts('invalid_tenant', 90002) });
      const error = await failure(refreshTokens(anAuthority(stub), inOther));
      expect(error).to.be.instanceOf(Misconfigured);
      expect(stub.tokenRequests).to.deep.equal([]);
    });

    for (const error of ['invalid_request', 'invalid_tenant', 'invalid_grant', 'brand_new']) {
      it(`signs nobody out when the token endpoint says so by ${error}`, async () => {
        stub.onToken = () => ({ status: 400, body: aadsts(error, 90002) });
        const thrown = await failure(refreshTokens(anAuthority(stub), inOther));
        expect(thrown).to.be.instanceOf(Misconfigured);
        expect(thrown).to.have.nested.property('detail.errorCodes').that.deep.equals([90002]);
      });
    }
  });

  it('of which the account is no member, leaves the refresh token alive', async () => {
    for (const error of ['interaction_required', 'invalid_grant']) {
      stub.onToken = () => ({ status: 400, body: aadsts(error, 50020) });
      const thrown = await failure(refreshTokens(anAuthority(stub), inOther));
      expect(thrown).to.be.instanceOf(SignInRequired).with.property('reason', 'interaction');
    }
  });

  it('in which this site is not known, is the operator’s to mend', async () => {
    stub.onToken = () => ({ status: 400, body: aadsts('unauthorized_client', 700016) });
    const thrown = await failure(refreshTokens(anAuthority(stub), inOther));
    expect(thrown).to.be.instanceOf(Misconfigured);
  });

  describe('is made ready', () => {
    it('once for all who ask at the same time, and kept', async () => {
      const authority = anAuthority(stub);
      await Promise.all(Array.from({ length: 10 }, () => refreshTokens(authority, inOther)));
      await refreshTokens(authority, aRefresh({ tenantId: OTHER_TENANT.toUpperCase() }));
      expect(pathsTo('openid-configuration')).to.have.length(1);
      expect(pathsTo('/keys')).to.have.length(1);
      expect(pathsTo('/token')).to.have.length(11);
    });

    it('for so many tenants and no more: the one not used for longest is forgotten', async () => {
      const authority = anAuthority(stub, { limits: { otherTenants: 2 } });
      const of = (tenantId: string) => authorityOfTenant(authority, tenantId);
      const [a, b] = [of('a.test'), of('b.test')];
      expect(of('a.test'), 'kept').to.equal(a);
      of('c.test');
      expect(of('a.test'), 'used lately').to.equal(a);
      expect(of('b.test'), 'forgotten').not.to.equal(b);
      expect(authority.otherTenants.size).to.equal(2);
    });

    it('not at all for the tenant people sign in to', () => {
      const authority = anAuthority(stub);
      expect(authorityOfTenant(authority, TENANT.toUpperCase())).to.equal(authority);
      expect(authorityOfTenant(authority, undefined)).to.equal(authority);
      expect(authority.otherTenants.size).to.equal(0);
    });

    it('anew after it could not be had', async () => {
      // The second attempt of one caller would come too late.
      const authority = anAuthority(stub, { limits: { totalMs: 3000, backoffMs: 3000 } });
      stub.onDiscovery = () => ({ status: 503, body: 'down' });
      const error = await failure(refreshTokens(authority, inOther));
      expect(error).to.be.instanceOf(Unavailable).with.property('outcome', 'not-done');
      stub.onDiscovery = () => ({ body: stub.document(OTHER_TENANT) });
      expect(await refreshTokens(authority, inOther)).to.have.property('kind', 'verified');
    });
  });

  it('names the tenant in the log when it cannot be asked', async () => {
    const lines: string[] = [];
    const log = createLog('warn', (line) => lines.push(line));
    stub.onDiscovery = () => ({ status: 404, body: 'none' });
    const authority = anAuthority(stub, { log });
    expect(await failure(refreshTokens(authority, inOther))).to.be.instanceOf(Misconfigured);
    expect(lines.join()).to.contain('authority_metadata_stale').and.to.contain(OTHER_TENANT);
  });

  describe('with a certificate', () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const der = selfSigned('site', privateKey, Date.now());
    const pem = `${privateKey.export({ type: 'pkcs8', format: 'pem' })}${toPem(der)}`;
    const credentials = [aCertificate(Buffer.from(pem))];
    const assertions = () =>
      stub.tokenRequests.map(({ form }) => form.get('client_assertion') ?? '');

    it('names that tenant’s token endpoint in the assertion', async () => {
      await refreshTokens(anAuthority(stub, { credentials }), inOther);
      const { aud } = decodeJwt(assertions()[0] ?? '');
      expect(aud).to.equal(`${stub.origin}/${OTHER_TENANT}/oauth2/v2.0/token`);
    });

    it('uses the form that worked last, wherever that was', async () => {
      const { raw } = new X509Certificate(der);
      const sha1 = createHash('sha1').update(raw).digest('base64url');
      stub.onToken = async ({ path, form }) =>
        decodeProtectedHeader(form.get('client_assertion') ?? '').x5t === sha1
          ? { body: await tokensAt(path.split('/')[1] ?? '') }
          : { status: 401, body: aadsts('invalid_client', 700027) };
      const authority = anAuthority(stub, { credentials });
      await refreshTokens(authority, inOther);
      await refreshTokens(authority, aRefresh());
      expect(assertions().map((each) => decodeProtectedHeader(each).alg)).to.deep.equal([
        'PS256',
        'RS256',
        'RS256',
      ]);
    });
  });
});
