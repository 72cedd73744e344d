/** The section AzureAd: the authority, the client, the callback paths, and keys of others. */
import { expect } from 'chai';
import { faultsWith, loadWith } from './config-rig.ts';

function authorityWith(changes: Readonly<Record<string, unknown>>) {
  const { settings, warnings } = loadWith(
    Object.fromEntries(Object.entries(changes).map(([key, value]) => [`AzureAd:${key}`, value])),
  );
  return { authority: settings.azureAd.authority, warnings };
}

const GUID = '72F988BF-86F1-41AF-91AB-2D7CD011DB47';

describe('The section AzureAd', () => {
  describe('on the authority', () => {
    for (const tenantId of [
      GUID,
      'contoso.onmicrosoft.com',
      'Common',
      'organizations',
      'consumers',
    ]) {
      it(`takes ${tenantId} as a tenant`, () => {
        const { authority } = authorityWith({ TenantId: tenantId });
        expect(authority).to.deep.include({ kind: 'entra', tenantId: tenantId.toLowerCase() });
      });
    }

    it('takes any cloud and loopback as an instance', () => {
      for (const instance of [
        'https://login.microsoftonline.us',
        'https://login.partner.microsoftonline.cn/',
        'http://127.0.0.1:5000',
        'https://localhost:5001/',
      ]) {
        const elsewhere = { 'DownstreamApis:Graph:BaseUrl': 'https://api.example' };
        const { settings } = loadWith({ ...elsewhere, 'AzureAd:Instance': instance });
        expect(settings.azureAd.authority).to.deep.include({ instance: new URL(instance) });
      }
    });

    it('takes an Authority of a Microsoft cloud as a tenant', () => {
      for (const path of ['v2.0', 'v2.0/', '']) {
        const { authority, warnings } = authorityWith({
          TenantId: undefined,
          Authority: `https://login.microsoftonline.com/contoso.com/${path}`,
        });
        expect(authority).to.deep.equal({
          kind: 'entra',
          instance: new URL('https://login.microsoftonline.com/'),
          tenantId: 'contoso.com',
        });
        expect(warnings).to.deep.equal([]);
      }
    });

    for (const [authority, host, tenantId] of [
      ['https://contoso.ciamlogin.com', 'contoso.ciamlogin.com', 'contoso.onmicrosoft.com'],
      ['https://contoso.ciamlogin.com/', 'contoso.ciamlogin.com', 'contoso.onmicrosoft.com'],
      [`https://contoso.ciamlogin.com/${GUID}`, 'contoso.ciamlogin.com', GUID.toLowerCase()],
      [
        'https://contoso.ciamlogin.com/contoso.onmicrosoft.com/v2.0/',
        'contoso.ciamlogin.com',
        'contoso.onmicrosoft.com',
      ],
      [
        `https://${GUID}.ciamlogin.com/${GUID}/v2.0`,
        `${GUID.toLowerCase()}.ciamlogin.com`,
        GUID.toLowerCase(),
      ],
      [`https://${GUID}.ciamlogin.com`, `${GUID.toLowerCase()}.ciamlogin.com`, GUID.toLowerCase()],
      [`https://login.contoso.com/${GUID}/v2.0`, 'login.contoso.com', GUID.toLowerCase()],
      [
        'https://login.contoso.com/contoso.onmicrosoft.com/v2.0',
        'login.contoso.com',
        'contoso.onmicrosoft.com',
      ],
    ] as const) {
      it(`takes the Authority ${authority} as a tenant of External ID`, () => {
        const read = authorityWith({ TenantId: undefined, Authority: authority });
        const instance = new URL(`https://${host}/`);
        expect(read.authority).to.deep.equal({ kind: 'entra', instance, tenantId });
        expect(read.warnings).to.deep.equal([]);
      });
    }

    it('takes an Instance of External ID, with or without its tenant', () => {
      const instance = new URL('https://contoso.ciamlogin.com/');
      for (const TenantId of [undefined, GUID]) {
        const { authority } = authorityWith({ Instance: instance.href, TenantId });
        const tenantId = TenantId?.toLowerCase() ?? 'contoso.onmicrosoft.com';
        expect(authority).to.deep.equal({ kind: 'entra', instance, tenantId });
      }
    });

    it('takes any other Authority as an issuer, as it is written', () => {
      for (const issuer of [
        'https://id.example/realms/a',
        'https://id.example/a/',
        `https://id.example/${GUID}`,
        `https://id.example/realms/${GUID}/v2.0`,
        'https://ciamlogin.com.evil.example/a',
        'http://[::1]:9',
      ]) {
        const { authority } = authorityWith({
          TenantId: undefined,
          ClientId: 'any-name',
          Authority: issuer,
        });
        expect(authority).to.deep.equal({ kind: 'oidc', issuer: new URL(issuer) });
      }
    });

    it('ignores Authority beside TenantId, and Instance beside Authority, with a warning', () => {
      const both = authorityWith({ Authority: 'https://id.example' });
      expect(both.authority.kind).to.equal('entra');
      expect(both.warnings.join()).to.contain('AzureAd:Authority is ignored');
      const instance = authorityWith({
        TenantId: undefined,
        Instance: 'https://login.microsoftonline.com/',
        Authority: 'https://id.example',
      });
      expect(instance.authority.kind).to.equal('oidc');
      expect(instance.warnings.join()).to.contain('AzureAd:Instance is ignored');
    });
  });

  describe('refuses', () => {
    for (const [key, value, problem, others = {}] of [
      ['TenantId', undefined, 'is missing'],
      ['TenantId', '', 'is missing'],
      ['TenantId', 'my tenant', 'is no GUID, no domain'],
      ['TenantId', 'comon', 'is no GUID, no domain'],
      ['TenantId', 'Enter_the_Tenant_Info_Here', 'placeholder'],
      ['TenantId', 17, 'holds a number'],
      ['TenantId', ['common'], 'holds a list'],
      ['Instance', 'http://login.example', 'plain http'],
      ['Instance', 'login.microsoftonline.com', 'is not a URL'],
      ['Instance', 'localhost:4000', 'neither https:// nor http://'],
      ['Instance', 'https://login.microsoftonline.com/common', 'has a path'],
      ['Instance', 'https://login.microsoftonline.com/?x=1', 'has a query'],
      ['Instance', 'https://login.windows.net', 'old name'],
      ['Instance', 'https://contoso.b2clogin.com', 'B2C'],
      ['Instance', 'https://login.microsoftonline.de', 'closed in 2021'],
      ['Instance', 'https://login-us.microsoftonline.com', 'old name'],
      ['TenantId', 'common', 'External ID is of one', { Instance: 'https://a.ciamlogin.com' }],
      [
        'Authority',
        'https://a.ciamlogin.com/common/v2.0',
        'External ID is of one',
        { TenantId: undefined },
      ],
      [
        'Authority',
        'https://a.ciamlogin.com/a.onmicrosoft.com/policy/v2.0',
        'name a tenant',
        { TenantId: undefined },
      ],
      ['Authority', 'http://id.example', 'plain http', { TenantId: undefined }],
      ['Instance', 'https://login.microsoftonline.us./', 'a host that ends in a dot'],
      ['Instance', 'https://contoso.ciamlogin.com.', 'a host that ends in a dot'],
      [
        'Authority',
        'https://login.microsoftonline.us./common/v2.0',
        'a host that ends in a dot',
        { TenantId: undefined },
      ],
      ['Authority', 'https://sts.windows.net/x', 'old name', { TenantId: undefined }],
      [
        'Authority',
        'https://login.microsoftonline.com/Enter_the_Tenant_Info_Here',
        'placeholder',
        { TenantId: undefined },
      ],
      ['Authority', 'https://login.microsoftonline.com', 'name a tenant', { TenantId: undefined }],
      [
        'Authority',
        'https://login.microsoftonline.com/a.b/c',
        'name a tenant',
        { TenantId: undefined },
      ],
      [
        'Authority',
        'https://id.example/.well-known/openid-configuration',
        'address of a document',
        { TenantId: undefined },
      ],
      ['ClientId', undefined, 'is missing'],
      ['ClientId', 'not-a-guid', 'is not a GUID'],
      ['ClientId', '[Enter_the_Application_Id_Here]', 'placeholder'],
      ['ClientId', 'Enter_the_Application_Id_Here', 'placeholder'],
      ['ClientId', '[Client_id-of-web-app-eg-2ec40e65]', 'placeholder'],
      ['ClientId', '[Enter the Client Id', 'placeholder'],
      ['ClientId', '…', 'placeholder'],
      ['ClientSecret', '[Enter the Client Secret]', 'placeholder'],
      ['ClientSecret', undefined, 'is missing'],
      ['SendX5C', 'yes', 'holds a text'],
      ['SendX5C', 1, 'holds a number'],
      ['ResponseMode', 'fragment', 'is neither query nor form_post'],
      ['ResponseMode', 'form_post.jwt', 'is neither query nor form_post'],
      ['ResponseMode', ['form_post'], 'holds a list'],
      ['CallbackPath', 'signin', 'does not begin with "/"'],
      ['CallbackPath', '/sign(in)', 'no redirect URI'],
      ['CallbackPath', '/a;b', 'no redirect URI'],
      ['CallbackPath', '/a:b', 'holds more than letters'],
      ['CallbackPath', '/a?b', 'holds more than letters'],
      ['CallbackPath', '/a//b', 'holds more than letters'],
      ['CallbackPath', '/a/../b', 'holds more than letters'],
      ['CallbackPath', '/', 'taken by a page'],
      ['CallbackPath', '/Profile/x', 'taken by a page'],
      ['SignedOutCallbackPath', '/account', 'taken by a page'],
      ['RemoteSignOutPath', '/health', 'taken by a page'],
      ['SignedOutCallbackPath', '/Signin-oidc', 'is the same as CallbackPath'],
      ['CallbackPath', `/${'a'.repeat(240)}`, 'makes a redirect URI of 262 characters'],
      ['ClientSecert', 'x', 'is not a key that this site knows'],
      ['ClientCredental', [], 'is not a key that this site knows'],
      ['SignUpSignInPolicyId', 'b2c_1', 'not safe to ignore'],
      ['TokenDecryptionCredentials', [], 'not safe to ignore'],
      ['MaxAge', 1, 'not safe to ignore'],
      ['ValidIssuers', ['a'], 'sounds like a limit'],
      ['TokenValidationParameters', {}, 'sounds like a limit'],
    ] as const) {
      it(`${key} ${JSON.stringify(value)?.slice(0, 60) ?? 'absent'}: ${problem}`, () => {
        const changes = Object.entries({ ...others, [key]: value });
        const faults = faultsWith(
          Object.fromEntries(changes.map(([name, each]) => [`AzureAd:${name}`, each])),
        );
        expect(faults.map((fault) => fault.key)).to.deep.equal([`AzureAd:${key}`]);
        expect(faults[0]?.problem).to.contain(problem);
        expect(faults[0]?.fix).to.match(/^\S.*[.?]$|^Make it PEM/);
      });
    }

    it('a misspelt key with its nearest neighbour', () => {
      expect(faultsWith({ 'AzureAd:ClientSecert': 'x' })[0]?.fix).to.equal(
        'Did you mean ClientSecret?',
      );
    });

    it('[::1] as public URL, which Entra ID does not take', () => {
      const publicUrl = { 'Site:PublicUrl': 'http://[::1]:4000' };
      expect(faultsWith(publicUrl).map(({ key }) => key)).to.deep.equal(['Site:PublicUrl']);
      const oidc = { 'AzureAd:TenantId': undefined, 'AzureAd:Authority': 'https://id.example' };
      expect(faultsWith({ ...publicUrl, ...oidc })).to.deep.equal([]);
    });

    for (const sign of "!$'(),;") {
      it(`${sign} in the host of the public URL, which no redirect URI may hold`, () => {
        const publicUrl = { 'Site:PublicUrl': `https://your${sign}site`, 'Site:TrustProxy': true };
        const [fault, ...others] = faultsWith(publicUrl);
        expect(fault?.key).to.equal('Site:PublicUrl');
        expect(fault?.problem).to.include('which no redirect URI may hold');
        expect(others).to.deep.equal([]);
      });
    }
  });

  it('warns of keys that have no effect here, and of those it does not know', () => {
    const { warnings } = authorityWith({
      Domain: 'contoso.com',
      EnablePiiLogging: true,
      userAssignedManagedIdentityClientId: 'an-id',
      Colour: 1,
    });
    expect(warnings).to.deep.equal([
      'AzureAd:Domain has no effect here. Remove it, unless another program reads it.',
      'AzureAd:EnablePiiLogging has no effect here. Remove it, unless another program reads it.',
      'AzureAd:userAssignedManagedIdentityClientId has no effect here. ' +
        'Set ManagedIdentityClientId in the entry of ClientCredentials that is to use that identity.',
      'AzureAd:Colour is not known here, and has no effect. Remove it, unless another program reads it.',
    ]);
  });

  it('takes a ClientId in any case, and keeps it as Entra ID writes it into tokens', () => {
    const { settings } = loadWith({ 'AzureAd:ClientId': GUID });
    expect(settings.azureAd.clientId).to.equal(GUID.toLowerCase());
  });

  it('takes a ClientId at any other authority as it is written', () => {
    const elsewhere = { 'AzureAd:TenantId': undefined, 'AzureAd:Authority': 'https://id.example' };
    const { settings } = loadWith({ ...elsewhere, 'AzureAd:ClientId': GUID });
    expect(settings.azureAd.clientId).to.equal(GUID);
  });

  it('takes other callback paths', () => {
    const { settings } = loadWith({ 'AzureAd:CallbackPath': '/auth/back.v2' });
    expect(settings.azureAd.callbackPath).to.equal('/auth/back.v2');
  });

  it('has the answer in the query, or posted where that is wanted in whatever case', () => {
    for (const [written, mode] of [
      [undefined, 'query'],
      ['', 'query'],
      ['Query', 'query'],
      ['form_post', 'form_post'],
      [' Form_Post ', 'form_post'],
    ] as const) {
      const { settings, warnings } = loadWith({ 'AzureAd:ResponseMode': written });
      expect(settings.azureAd.responseMode, written).to.equal(mode);
      expect(warnings).to.deep.equal([]);
    }
  });
});
