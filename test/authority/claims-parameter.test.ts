/** The claims parameter: what was challenged for, with what this site can handle. */
import { expect } from 'chai';
import { claimsParameter } from '../../src/authority/claims-parameter.ts';
import { refreshTokens } from '../../src/authority/refresh-tokens.ts';
import { requestAppToken } from '../../src/authority/request-app-token.ts';
import { requestCode } from '../../src/authority/request-code.ts';
import type { Settings } from '../../src/config/settings.ts';
import { startStubAuthority } from '../support/stub-authority.ts';
import {
  anAuthority,
  aRefresh,
  redirectUri,
  settingsFor,
  signIn,
  userRead,
} from './an-authority.ts';

const CP1 = '{"access_token":{"xms_cc":{"values":["cp1"]}}}';

describe('The claims parameter', () => {
  const instance = new URL('https://authority.test/');
  const entra = settingsFor({ kind: 'entra', instance, tenantId: 'common' });
  const withCapabilities = (
    ...clientCapabilities: string[]
  ): { settings: Settings['azureAd'] } => ({
    settings: { ...entra, clientCapabilities },
  });

  it('is what was challenged for, where the site declares nothing', () => {
    expect(claimsParameter(withCapabilities(), undefined)).to.equal(undefined);
    expect(claimsParameter(withCapabilities(), '{"a":1}')).to.equal('{"a":1}');
  });

  it('declares the capabilities in every request', () => {
    expect(claimsParameter(withCapabilities('cp1'), undefined)).to.equal(CP1);
  });

  it('keeps what was challenged for', () => {
    for (const [claims, merged] of [
      [
        '{"access_token":{"nbf":{"essential":true,"value":"1"}}}',
        { access_token: { nbf: { essential: true, value: '1' }, xms_cc: { values: ['cp1'] } } },
      ],
      [
        '{"id_token":{"acrs":{"essential":true,"value":"c1"}}}',
        {
          id_token: { acrs: { essential: true, value: 'c1' } },
          access_token: { xms_cc: { values: ['cp1'] } },
        },
      ],
      [
        '{"access_token":{"xms_cc":{"values":["cp9","cp1"]}}}',
        { access_token: { xms_cc: { values: ['cp9', 'cp1'] } } },
      ],
      ['{"access_token":null}', { access_token: { xms_cc: { values: ['cp1'] } } }],
    ] as const) {
      const text = claimsParameter(withCapabilities('cp1'), claims) ?? '';
      expect(JSON.parse(text)).to.deep.equal(merged);
    }
  });

  it('has no prototype to spoil', () => {
    const text = claimsParameter(withCapabilities('cp1'), '{"__proto__":{"a":1}}') ?? '';
    expect(text).to.include('"xms_cc"');
    expect({}).not.to.have.property('a');
  });

  it('declares nothing to an authority that is not Entra ID', () => {
    const { settings } = withCapabilities('cp1');
    const oidc = { ...settings, authority: { kind: 'oidc' as const, issuer: instance } };
    expect(claimsParameter({ settings: oidc }, undefined)).to.equal(undefined);
  });

  it('goes with the sign-in, its redemption, each refresh and the site’s own tokens', async () => {
    const stub = await startStubAuthority();
    try {
      const plain = anAuthority(stub);
      const authority = { ...plain, settings: { ...plain.settings, clientCapabilities: ['cp1'] } };
      const { url } = await requestCode(authority, { redirectUri, scopes: userRead });
      expect(url.searchParams.get('claims')).to.equal(CP1);
      await signIn(authority, stub);
      await refreshTokens(authority, aRefresh());
      await requestAppToken(authority, { scopes: ['api://x/.default'], beforeSend: () => {} });
      const sent = stub.tokenRequests.map(({ form }) => form.get('claims'));
      expect(sent).to.deep.equal([CP1, CP1, CP1]);
    } finally {
      await stub.close();
    }
  });
});
