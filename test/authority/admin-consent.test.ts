/** Consent of an administrator: asked in the right tenant, and believed of nobody but the authority. */
import { expect } from 'chai';
import {
  adminConsentUrl,
  hasAdministrators,
  isAdminConsentGiven,
} from '../../src/authority/admin-consent.ts';
import { createAuthority } from '../../src/authority/create-authority.ts';
import { createLog } from '../../src/log.ts';
import { PERSONAL, TENANT } from '../support/stub-authority.ts';
import { settingsFor } from './an-authority.ts';

const instance = new URL('https://login.microsoftonline.com/');
const parts = { fetch, now: Date.now, log: createLog('silent'), audit: () => {} };
const entra = (tenantId: string) =>
  createAuthority(settingsFor({ kind: 'entra', instance, tenantId }), parts);
const request = {
  redirectUri: new URL('https://site.example/admin-consent-callback'),
  ...{ state: 'sealed+state', scopes: ['https://graph.microsoft.com/GroupMember.Read.All'] },
};

describe('Consent of an administrator', () => {
  it('is asked for at the v2.0 endpoint, with scopes, state and the registered address', () => {
    const url = adminConsentUrl(entra('common'), { ...request, tenantId: TENANT });
    expect(`${url.origin}${url.pathname}`).to.equal(
      `https://login.microsoftonline.com/${TENANT}/v2.0/adminconsent`,
    );
    expect(Object.fromEntries(url.searchParams)).to.deep.equal({
      client_id: entra('common').settings.clientId,
      redirect_uri: 'https://site.example/admin-consent-callback',
      state: 'sealed+state',
      scope: 'https://graph.microsoft.com/GroupMember.Read.All',
    });
  });

  it('is asked for in the tenant of the settings, else of the person, else of any organisation', () => {
    for (const [configured, ofPerson, asked] of [
      ['contoso.example', TENANT, 'contoso.example'],
      ['organizations', TENANT, TENANT],
      ['common', undefined, 'organizations'],
    ] as const) {
      const { pathname } = adminConsentUrl(entra(configured), { ...request, tenantId: ofPerson });
      expect(pathname).to.equal(`/${asked}/v2.0/adminconsent`);
    }
  });

  it('is nothing for personal accounts, nor at other authorities', () => {
    expect(hasAdministrators(entra('common'), TENANT)).to.equal(true);
    expect(hasAdministrators(entra('common'), PERSONAL)).to.equal(false);
    expect(hasAdministrators(entra('common'), undefined)).to.equal(true);
    for (const configured of ['consumers', PERSONAL]) {
      expect(hasAdministrators(entra(configured), undefined)).to.equal(false);
    }
    const oidc = createAuthority(settingsFor({ kind: 'oidc', issuer: instance }), parts);
    expect(hasAdministrators(oidc, undefined)).to.equal(false);
    expect(() => adminConsentUrl(oidc, { ...request, tenantId: undefined })).to.throw();
  });

  it('is given only where no error says otherwise', () => {
    for (const [query, isGiven] of [
      ['admin_consent=True&tenant=x', true],
      ['admin_consent=true', true],
      ['admin_consent=True&error=access_denied', false],
      ['admin_consent=True&error=', false],
      ['admin_consent=False', false],
      ['tenant=x', false],
      ['', false],
    ] as const) {
      expect(isAdminConsentGiven(new URLSearchParams(query)), query).to.equal(isGiven);
    }
  });
});
