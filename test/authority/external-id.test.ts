/** A tenant of External ID: discovered at its name or its own domain, believed under the issuer of its GUID. */
import { expect } from 'chai';
import { hasAdministrators } from '../../src/authority/admin-consent.ts';
import { type Authority, createAuthority } from '../../src/authority/create-authority.ts';
import { refreshTokens } from '../../src/authority/refresh-tokens.ts';
import { requestCode } from '../../src/authority/request-code.ts';
import { Misconfigured } from '../../src/errors.ts';
import { createLog } from '../../src/log.ts';
import {
  CLIENT_ID,
  clientInfo,
  OTHER_TENANT,
  PERSONAL,
  type StubAuthority,
  startStubAuthority,
  TENANT,
  UID,
} from '../support/stub-authority.ts';
import { aRefresh, failure, redirectUri, settingsFor, signIn, userRead } from './an-authority.ts';

const issuerOf = (tenant: string) => `https://${tenant}.ciamlogin.com/${tenant}/v2.0`;
const CLAIMS = { iss: issuerOf(TENANT), tid: TENANT };

describe('External ID', () => {
  let stub: StubAuthority;
  /** The hosts that were asked, in order. */
  let hosts: string[];

  beforeEach(async () => {
    stub = await startStubAuthority();
    hosts = [];
    stub.keys = stub.keys.map((key) => ({
      ...key,
      issuer: 'https://{tenantid}.ciamlogin.com/{tenantid}/v2.0',
    }));
    stub.onToken = async () => ({ body: await stub.tokens({}, CLAIMS) });
  });
  afterEach(() => stub.close());

  /** Every host that a test names is the stub. */
  const mapped: typeof fetch = (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    hosts.push(url.host);
    return fetch(new URL(`${url.pathname}${url.search}`, stub.origin), init);
  };

  function at(
    instance: string,
    tenantId: string,
    changes: Record<string, unknown> = {},
  ): Authority {
    stub.onDiscovery = () => ({
      body: {
        ...JSON.parse(
          JSON.stringify(stub.document(TENANT)).replaceAll(stub.origin, instance.slice(0, -1)),
        ),
        issuer: issuerOf(TENANT),
        ...changes,
      },
    });
    const settings = settingsFor({ kind: 'entra', instance: new URL(instance), tenantId });
    return createAuthority(settings, {
      ...{ fetch: mapped, now: Date.now, log: createLog('silent') },
      audit: () => {},
    });
  }

  for (const [what, instance, tenantId] of [
    ['its name', 'https://contoso.ciamlogin.com/', 'contoso.onmicrosoft.com'],
    ['its name and GUID', 'https://contoso.ciamlogin.com/', TENANT],
    ['its GUID', `https://${TENANT}.ciamlogin.com/`, TENANT],
    ['a domain of its own', 'https://login.contoso.test/', TENANT],
  ] as const) {
    it(`signs people in by ${what}`, async () => {
      const authority = at(instance, tenantId);
      const { identity } = await signIn(authority, stub);
      expect(identity).to.include({
        accountId: `${UID}.${TENANT}`,
        issuer: issuerOf(TENANT),
        tenantId: TENANT,
      });
      expect(stub.requests[0]?.path).to.equal(`/${tenantId}/v2.0/.well-known/openid-configuration`);
      expect(new Set(hosts)).to.have.keys(new URL(instance).host);
    });
  }

  it('gets all that Entra ID gets: client_info, capabilities and headers', async () => {
    const authority = at('https://contoso.ciamlogin.com/', TENANT);
    const withCapabilities = {
      ...authority,
      settings: { ...authority.settings, clientCapabilities: ['cp1'] },
    };
    const { url } = await requestCode(withCapabilities, { redirectUri, scopes: userRead });
    expect(url.href).to.match(/^https:\/\/contoso\.ciamlogin\.com\//);
    expect(url.searchParams.get('client_info')).to.equal('1');
    expect(url.searchParams.get('claims')).to.include('cp1');
    await signIn(withCapabilities, stub);
    const [request] = stub.tokenRequests;
    expect(request?.form.get('client_info')).to.equal('1');
    expect(request?.form.get('client_id')).to.equal(CLIENT_ID);
    expect(request?.headers).to.include.keys('client-request-id', 'x-client-sku');
  });

  it('refreshes, under the same account', async () => {
    const authority = at('https://contoso.ciamlogin.com/', 'contoso.onmicrosoft.com');
    const answer = await refreshTokens(authority, aRefresh());
    expect(answer).to.have.nested.property('response.identity.accountId', `${UID}.${TENANT}`);
    expect(stub.tokenRequests[0]?.headers['x-anchormailbox']).to.equal(`Oid:${UID}@${TENANT}`);
  });

  it('may have its endpoints at any of its names', async () => {
    const elsewhere = `https://${TENANT}.ciamlogin.com/${TENANT}`;
    const authority = at('https://login.contoso.test/', TENANT, {
      token_endpoint: `${elsewhere}/oauth2/v2.0/token`,
      jwks_uri: `${elsewhere}/discovery/v2.0/keys`,
    });
    await signIn(authority, stub);
    expect(new Set(hosts)).to.have.keys('login.contoso.test', `${TENANT}.ciamlogin.com`);
  });

  it('may have them at the host of the name that the settings give its tenant', async () => {
    const authority = at(`https://${TENANT}.ciamlogin.com/`, 'contoso.onmicrosoft.com', {
      token_endpoint: `https://contoso.ciamlogin.com/${TENANT}/oauth2/v2.0/token`,
    });
    await signIn(authority, stub);
    expect(new Set(hosts)).to.have.keys(`${TENANT}.ciamlogin.com`, 'contoso.ciamlogin.com');
  });

  for (const issuer of [
    `https://login.microsoftonline.com/${TENANT}/v2.0`,
    'https://login.microsoftonline.com/{tenantid}/v2.0',
    `https://contoso.ciamlogin.com/${TENANT}/v2.0`,
    issuerOf(TENANT),
  ]) {
    it(`may sign with a key that is for ${issuer}`, async () => {
      stub.keys = stub.keys.map((key) => ({ ...key, issuer }));
      await signIn(at('https://contoso.ciamlogin.com/', TENANT), stub);
    });
  }

  for (const issuer of [
    `https://login.microsoftonline.com/${PERSONAL}/v2.0`,
    issuerOf(OTHER_TENANT),
    `https://login.microsoftonline.us/${TENANT}/v2.0`,
    `https://evil.test/${TENANT}/v2.0`,
  ]) {
    it(`is refused with a key that is for ${issuer}`, async () => {
      stub.keys = stub.keys.map((key) => ({ ...key, issuer }));
      const error = await failure(signIn(at('https://contoso.ciamlogin.com/', TENANT), stub));
      expect(error).to.have.nested.property('cause.message').that.includes('key issuer');
    });
  }

  for (const [what, claims, check] of [
    ['of another tenant', { iss: issuerOf(OTHER_TENANT), tid: OTHER_TENANT }, 'iss'],
    ['whose tid is of another', { ...CLAIMS, tid: OTHER_TENANT }, 'tid'],
    ['of the global cloud', { iss: `https://login.microsoftonline.com/${TENANT}/v2.0` }, 'iss'],
    [
      'whose issuer names two tenants',
      {
        iss: `https://${OTHER_TENANT}.ciamlogin.com/${TENANT}/v2.0`,
      },
      'iss',
    ],
  ] as const) {
    it(`refuses an ID token ${what}`, async () => {
      const authority = at('https://contoso.ciamlogin.com/', TENANT);
      stub.onToken = async () => ({ body: await stub.tokens({}, { tid: TENANT, ...claims }) });
      const error = await failure(signIn(authority, stub));
      expect(error).to.have.nested.property('cause.message', `sign-in refused: ID token, ${check}`);
    });
  }

  describe('is not what answers', () => {
    const host = 'https://contoso.ciamlogin.com/';
    for (const [what, tenantId, changes] of [
      ['for another tenant', TENANT, { issuer: issuerOf(OTHER_TENANT) }],
      [
        'with an issuer of two tenants',
        'contoso.onmicrosoft.com',
        { issuer: `https://${OTHER_TENANT}.ciamlogin.com/${TENANT}/v2.0` },
      ],
      ['with a template', TENANT, { issuer: issuerOf('{tenantid}') }],
      ['with a name for its GUID', 'contoso.onmicrosoft.com', { issuer: issuerOf('contoso') }],
      [
        'at a host like it',
        TENANT,
        {
          issuer: `https://${TENANT}.ciamlogin.com.evil.test/${TENANT}/v2.0`,
        },
      ],
      [
        'for the global cloud',
        TENANT,
        {
          issuer: `https://login.microsoftonline.com/${TENANT}/v2.0`,
        },
      ],
      [
        'with its keys at another tenant’s name',
        TENANT,
        { jwks_uri: `https://fabrikam.ciamlogin.com/${TENANT}/discovery/v2.0/keys` },
      ],
      [
        'with a token endpoint at another tenant’s GUID',
        'contoso.onmicrosoft.com',
        { token_endpoint: `https://${OTHER_TENANT}.ciamlogin.com/${TENANT}/oauth2/v2.0/token` },
      ],
      [
        'with a page to sign in at another port',
        TENANT,
        { authorization_endpoint: `https://${TENANT}.ciamlogin.com:8443/authorize` },
      ],
      ['with its keys elsewhere', TENANT, { jwks_uri: 'https://evil.test/keys' }],
      ['with keys at a host like it', TENANT, { jwks_uri: 'https://evilciamlogin.com/keys' }],
      [
        'with a token endpoint elsewhere',
        TENANT,
        {
          token_endpoint: 'https://login.microsoftonline.com/token',
        },
      ],
    ] as const) {
      it(what, async () => {
        const error = await failure(at(host, tenantId, changes).metadata.current());
        expect(error).to.be.instanceOf(Misconfigured);
      });
    }

    it('where a cloud is what the settings name', async () => {
      for (const instance of [
        'https://login.microsoftonline.com/',
        'https://login.microsoftonline.us/',
      ]) {
        const error = await failure(at(instance, TENANT).metadata.current());
        expect(error).to.be.instanceOf(Misconfigured);
      }
      const common = await failure(at('https://login.contoso.test/', 'common').metadata.current());
      expect(common).to.be.instanceOf(Misconfigured);
    });
  });

  it('has no administrators who could consent for its people', () => {
    expect(hasAdministrators(at('https://contoso.ciamlogin.com/', TENANT), TENANT)).to.equal(false);
  });

  it('names a customer by client_info, wherever they are at home', async () => {
    const body = { client_info: clientInfo(UID, OTHER_TENANT) };
    const authority = at('https://contoso.ciamlogin.com/', TENANT);
    stub.onToken = async () => ({ body: await stub.tokens(body, CLAIMS) });
    expect((await signIn(authority, stub)).identity.accountId).to.equal(`${UID}.${OTHER_TENANT}`);
  });
});
