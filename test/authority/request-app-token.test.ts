/** App-only tokens: what is sent, what is refused before it is sent, and that nobody is ever sent to sign in. */
import { generateKeyPairSync } from 'node:crypto';
import { expect } from 'chai';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { selfSigned, toPem } from '../../scripts/sandbox/self-signed.ts';
import { createAuthority } from '../../src/authority/create-authority.ts';
import { requestAppToken } from '../../src/authority/request-app-token.ts';
import { Misconfigured, Unavailable } from '../../src/errors.ts';
import { createLog } from '../../src/log.ts';
import type { AppTokenRequest } from '../../src/token-response.ts';
import {
  aadsts,
  CLIENT_ID,
  OTHER_TENANT,
  type StubAuthority,
  startStubAuthority,
  TENANT,
} from '../support/stub-authority.ts';
import { aCertificate, anAuthority, failure, settingsFor } from './an-authority.ts';

const graphDefault = 'https://graph.microsoft.com/.default';

function aRequest(change: Partial<AppTokenRequest> = {}): AppTokenRequest {
  return { scopes: [graphDefault], beforeSend: () => {}, ...change };
}

describe('requestAppToken', () => {
  let stub: StubAuthority;
  beforeEach(async () => {
    stub = await startStubAuthority();
    stub.onToken = () => ({ body: appTokens });
  });
  afterEach(() => stub.close());

  const appTokens = {
    token_type: 'Bearer',
    expires_in: 3599,
    ext_expires_in: 3599,
    refresh_in: 1800,
    access_token: 'app-access-1',
  };

  it('sends the grant with the site’s credential, one scope, and nothing of any person', async () => {
    await requestAppToken(anAuthority(stub), aRequest());
    const [request] = stub.tokenRequests;
    expect(request?.path).to.equal(`/${TENANT}/oauth2/v2.0/token`);
    expect(Object.fromEntries(request?.form ?? [])).to.deep.equal({
      grant_type: 'client_credentials',
      client_id: CLIENT_ID,
      client_secret: 'a secret & a half',
      scope: graphDefault,
    });
    expect(request?.headers).to.include({ 'x-client-sku': 'concierge' });
    expect(request?.headers).not.to.have.property('x-anchormailbox');
  });

  it('gives the token, with the scope asked for, as Entra ID names none', async () => {
    const answer = await requestAppToken(anAuthority(stub), aRequest());
    expect(answer).to.deep.equal({
      accessToken: 'app-access-1',
      scopes: [graphDefault],
      expiresInSeconds: 3599,
      refreshInSeconds: 1800,
    });
  });

  it('sends claims', async () => {
    const claims = '{"access_token":{"nbf":{"essential":true,"value":"1"}}}';
    await requestAppToken(anAuthority(stub), aRequest({ claims }));
    expect(stub.tokenRequests[0]?.form.get('claims')).to.equal(claims);
  });

  it('leaves a refresh token and an ID token alone, whatever they are', async () => {
    for (const members of [
      { refresh_token: 'refresh-9', id_token: await stub.idToken(), client_info: 'x' },
      { refresh_token: 'refresh-9', id_token: 'no JWT at all' },
      { id_token: await stub.idToken({ aud: 'another', iss: 'https://evil.test' }) },
    ]) {
      stub.onToken = () => ({ body: { ...appTokens, ...members } });
      const answer = await requestAppToken(anAuthority(stub), aRequest());
      expect(answer).to.have.all.keys(
        'accessToken',
        'scopes',
        'expiresInSeconds',
        'refreshInSeconds',
      );
      expect(JSON.stringify(answer)).not.to.contain('refresh-9');
    }
    expect(stub.keyRequests, 'no key is needed').to.deep.equal([]);
  });

  describe('in the tenant', () => {
    it('that is named, at its own token endpoint', async () => {
      for (const tenantId of ['common', 'organizations', 'consumers', TENANT]) {
        await requestAppToken(
          anAuthority(stub, { tenantId }),
          aRequest({ tenantId: OTHER_TENANT }),
        );
      }
      expect(new Set(stub.tokenRequests.map(({ path }) => path))).to.deep.equal(
        new Set([`/${OTHER_TENANT}/oauth2/v2.0/token`]),
      );
    });

    it('that is configured, by GUID or by domain', async () => {
      for (const tenantId of [TENANT, 'contoso.test']) {
        await requestAppToken(anAuthority(stub, { tenantId }), aRequest());
        expect(stub.tokenRequests.at(-1)?.path).to.equal(`/${tenantId}/oauth2/v2.0/token`);
      }
    });

    for (const tenantId of ['common', 'organizations', 'consumers', 'Common']) {
      it(`must be said where people sign in to ${tenantId}`, async () => {
        const error = await failure(requestAppToken(anAuthority(stub, { tenantId }), aRequest()));
        expect(error).to.be.instanceOf(Misconfigured);
        expect(error).to.have.property('message').that.contains('of one tenant');
        expect(stub.requests, 'nothing is sent').to.deep.equal([]);
      });
    }

    for (const tenantId of ['common', 'consumers', '', 'x', 'https://evil.test']) {
      it(`cannot be ${JSON.stringify(tenantId)}`, async () => {
        const error = await failure(requestAppToken(anAuthority(stub), aRequest({ tenantId })));
        expect(error).to.be.instanceOf(Misconfigured);
        expect(stub.requests).to.deep.equal([]);
      });
    }
  });

  describe('for anything but one scope that ends in /.default', () => {
    for (const scopes of [
      [],
      [''],
      ['/.default'],
      ['.default'],
      ['https://graph.microsoft.com/User.Read'],
      ['https://graph.microsoft.com/.default/x'],
      [graphDefault, 'api://todo/.default'],
      [graphDefault, 'openid'],
      ['openid https://graph.microsoft.com/.default'],
      [`${graphDefault} ${graphDefault}`],
    ]) {
      it(`sends nothing: ${JSON.stringify(scopes)}`, async () => {
        const error = await failure(requestAppToken(anAuthority(stub), aRequest({ scopes })));
        expect(error).to.be.instanceOf(Misconfigured);
        expect(error).to.have.property('message').that.contains('/.default');
        expect(stub.requests).to.deep.equal([]);
      });
    }

    it('takes the double slash of a resource whose name ends in one', async () => {
      const scopes = ['https://management.azure.com//.default'];
      await requestAppToken(anAuthority(stub), aRequest({ scopes }));
      expect(stub.tokenRequests[0]?.form.get('scope')).to.equal(scopes[0]);
    });
  });

  describe('at plain OpenID Connect', () => {
    const plain = () => {
      stub.onDiscovery = () => ({ body: { ...stub.document(''), issuer: stub.origin } });
      return createAuthority(settingsFor({ kind: 'oidc', issuer: new URL(stub.origin) }), {
        fetch,
        now: Date.now,
        log: createLog('silent'),
        audit: () => {},
      });
    };

    it('asks for the scopes as they are, several or none', async () => {
      const authority = plain();
      stub.onToken = () => ({ body: { ...appTokens, scope: 'read' } });
      const answer = await requestAppToken(authority, aRequest({ scopes: ['read', 'write'] }));
      expect(answer.scopes).to.deep.equal(['read']);
      await requestAppToken(authority, aRequest({ scopes: [] }));
      const [several, none] = stub.tokenRequests;
      expect(several?.form.get('scope')).to.equal('read write');
      expect(none?.form.has('scope')).to.equal(false);
    });

    it('has no tenants', async () => {
      const error = await failure(requestAppToken(plain(), aRequest({ tenantId: TENANT })));
      expect(error).to.be.instanceOf(Misconfigured);
      expect(stub.requests).to.deep.equal([]);
    });
  });

  it('asks just before sending, and sends nothing if the answer is no', async () => {
    const stop = new Error('the lease is gone');
    const request = aRequest({
      beforeSend: () => {
        throw stop;
      },
    });
    expect(await failure(requestAppToken(anAuthority(stub), request))).to.equal(stop);
    expect(stub.tokenRequests).to.deep.equal([]);
  });

  it('signs an assertion for the tenant’s endpoint, and falls back to SHA-1 as others do', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const pem = `${privateKey.export({ type: 'pkcs8', format: 'pem' })}${toPem(selfSigned('site', privateKey, Date.now()))}`;
    const credentials = [aCertificate(Buffer.from(pem))];
    stub.onToken = ({ form }) =>
      decodeProtectedHeader(form.get('client_assertion') ?? '').alg === 'RS256'
        ? { body: appTokens }
        : { status: 401, body: aadsts('invalid_client', 700027) };
    const authority = anAuthority(stub, { credentials });
    await requestAppToken(authority, aRequest({ tenantId: OTHER_TENANT }));
    const audiences = stub.tokenRequests.map(
      ({ form }) => decodeJwt(form.get('client_assertion') ?? '').aud,
    );
    const endpoint = `${stub.origin}/${OTHER_TENANT}/oauth2/v2.0/token`;
    expect(audiences).to.deep.equal([endpoint, endpoint]);
    expect(stub.tokenRequests[0]?.form.has('client_secret')).to.equal(false);
  });

  it('tells the operator what to do about a consent that is missing', async () => {
    for (const body of [
      aadsts('invalid_grant', 65001),
      aadsts('invalid_client', 7000229),
      aadsts('unauthorized_client', 700016),
    ]) {
      stub.onToken = () => ({ status: 400, body });
      const error = await failure(requestAppToken(anAuthority(stub), aRequest()));
      expect(error).to.be.instanceOf(Misconfigured);
      expect(error).to.have.property('message').that.contains('an administrator');
      expect(error).to.have.nested.property('detail.error', body['error']);
    }
  });

  const passing: readonly (readonly [string, StubAuthority['onToken'], 'not-done' | 'unknown'])[] =
    [
      [
        'text in a 429',
        () => ({ status: 429, headers: { 'retry-after': '60' }, body: 'Too Many Requests' }),
        'not-done',
      ],
      ['a 503', () => ({ status: 503, body: 'down' }), 'unknown'],
      ['HTML', () => ({ body: '<html>' }), 'unknown'],
      ['no token', () => ({ body: { token_type: 'Bearer' } }), 'unknown'],
      ['another kind of token', () => ({ body: { ...appTokens, token_type: 'pop' } }), 'unknown'],
      ['a cut', () => 'cut', 'unknown'],
      ['silence', () => 'silence', 'unknown'],
    ];
  for (const [what, behaviour, outcome] of passing) {
    it(`says "later" for ${what}`, async () => {
      stub.onToken = behaviour;
      const tokenMs = what === 'silence' ? 80 : 3000;
      const limits = { fetchMs: 3000, totalMs: 3000, backoffMs: 5, tokenMs };
      const authority = anAuthority(stub, { limits });
      const error = await failure(requestAppToken(authority, aRequest()));
      expect(error).to.be.instanceOf(Unavailable).with.property('outcome', outcome);
      expect(error).to.have.property('isForAll', false);
    });
  }

  it('shows no token or secret in any error', async () => {
    const behaviours: StubAuthority['onToken'][] = [
      () => ({ status: 400, body: { ...appTokens, error: 'invalid_grant' } }),
      () => ({ body: { ...appTokens, token_type: 'x' } }),
      () => ({ body: { ...appTokens, expires_in: 'never' } }),
      () => 'cut',
    ];
    for (const behaviour of behaviours) {
      stub.onToken = behaviour;
      const lines: string[] = [];
      const log = createLog('error', (line) => lines.push(line));
      log.error({ err: await failure(requestAppToken(anAuthority(stub), aRequest())) });
      expect(lines.join()).to.contain('err');
      for (const secret of ['app-access-1', 'a secret']) {
        expect(lines.join()).not.to.contain(secret);
      }
    }
  });
});
