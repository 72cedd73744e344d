/** Accounts that were kept under other settings: which of them may be used under those of now. */
import { expect } from 'chai';
import { isAdmitted } from '../../src/authority/is-admitted.ts';
import { ownName } from '../../src/authority/own-name.ts';
import type { AuthoritySettings } from '../../src/config/settings.ts';
import { OTHER_TENANT, PERSONAL, TENANT } from '../support/stub-authority.ts';

const GLOBAL = 'https://login.microsoftonline.com';
const USGOV = 'https://login.microsoftonline.us';
const lists = { allowed: undefined, denied: [] };
const entra = (tenantId: string, instance = GLOBAL): AuthoritySettings => ({
  kind: 'entra',
  instance: new URL(instance),
  tenantId,
});
const plain = (issuer: string): AuthoritySettings => ({ kind: 'oidc', issuer: new URL(issuer) });
const ofTenant = (tenantId: string, host = GLOBAL) => `${host}/${tenantId}/v2.0`;
const external = (tenantId: string) => `https://${tenantId}.ciamlogin.com/${tenantId}/v2.0`;

describe('The site’s own tokens', () => {
  it('are kept under another name for each cloud, tenant, issuer and registration', () => {
    const names = [
      { authority: entra('common'), clientId: 'a' },
      { authority: entra('common'), clientId: 'b' },
      { authority: entra(TENANT), clientId: 'a' },
      { authority: entra('common', USGOV), clientId: 'a' },
      { authority: plain('https://id.test/a'), clientId: 'a' },
    ].map(ownName);
    expect(new Set(names)).to.have.property('size', names.length);
    expect(ownName({ authority: entra('common'), clientId: 'a' })).to.equal(names[0]);
  });
});

describe('An account that was kept', () => {
  for (const [what, authority, issuer, verdict] of [
    ['of any tenant, at common', entra('common'), ofTenant(TENANT), true],
    ['of a person, at common', entra('common'), ofTenant(PERSONAL), true],
    ['of another cloud', entra('common', USGOV), ofTenant(TENANT), false],
    ['of the global cloud, where another is named', entra(TENANT, USGOV), ofTenant(TENANT), false],
    ['of another host', entra('common'), ofTenant(TENANT, 'https://evil.test'), false],
    ['of a host like it', entra('common'), ofTenant(TENANT, `${GLOBAL}.evil.test`), false],
    ['of v1.0', entra('common'), `https://sts.windows.net/${TENANT}/`, false],
    ['of a person, at organizations', entra('organizations'), ofTenant(PERSONAL), false],
    ['of a tenant, at organizations', entra('organizations'), ofTenant(TENANT), true],
    ['of a person, at consumers', entra('consumers'), ofTenant(PERSONAL), true],
    ['of a tenant, at consumers', entra('consumers'), ofTenant(TENANT), false],
    ['of the tenant', entra(TENANT), ofTenant(TENANT), true],
    ['of another tenant', entra(TENANT), ofTenant(OTHER_TENANT), false],
    ['of some tenant, where a domain names it', entra('contoso.test'), ofTenant(TENANT), true],
    ['of some tenant of another cloud', entra('contoso.test', USGOV), ofTenant(TENANT), false],
    ['of External ID', entra(TENANT, 'https://contoso.ciamlogin.com'), external(TENANT), true],
    ['of External ID, by its own domain', entra(TENANT, 'https://id.test'), external(TENANT), true],
    ['of another External ID', entra(TENANT, 'https://id.test'), external(OTHER_TENANT), false],
    ['of External ID, at a cloud', entra(TENANT), external(TENANT), false],
    ['of a cloud, at External ID', entra(TENANT, 'https://id.test'), ofTenant(TENANT), false],
    ['of the same plain authority', plain('https://id.test/a'), 'https://id.test/a', true],
    ['of a plain authority without path', plain('https://id.test'), 'https://id.test', true],
    ['of another plain authority', plain('https://id.test/a'), 'https://id.test/b', false],
    ['of Entra ID, at a plain one', plain('https://id.test/a'), ofTenant(TENANT), false],
    ['of a plain authority, at Entra ID', entra('common'), 'https://id.test/a', false],
  ] as const) {
    it(`${what} is ${verdict ? 'used' : 'not used'}`, () => {
      const identity = { issuer, tenantId: TENANT };
      const settings = { authority, clientId: 'a', tenants: lists };
      expect(isAdmitted(settings, { identity })).to.equal(verdict);
    });
  }

  it('is not used where its tenant is let in no more', () => {
    const identity = { issuer: ofTenant(TENANT), tenantId: TENANT };
    const authority = entra('common');
    for (const [tenants, verdict] of [
      [{ allowed: [TENANT], denied: [] }, true],
      [{ allowed: [OTHER_TENANT], denied: [] }, false],
      [{ allowed: undefined, denied: [TENANT] }, false],
    ] as const) {
      expect(isAdmitted({ authority, clientId: 'a', tenants }, { identity })).to.equal(verdict);
    }
  });

  it('is not used where a domain names the tenant and the settings are not those of before', () => {
    const identity = { issuer: external(TENANT), tenantId: TENANT };
    const at = (host: string, tenantId: string, clientId = 'a') => ({
      ...{ authority: entra(tenantId, `https://${host}`), clientId, tenants: lists },
    });
    const before = at('a.ciamlogin.com', 'a.onmicrosoft.com');
    for (const [now, verdict] of [
      [before, true],
      [at('b.ciamlogin.com', 'b.onmicrosoft.com'), false],
      [at('a.ciamlogin.com', 'b.onmicrosoft.com'), false],
      [at('a.ciamlogin.com', 'a.onmicrosoft.com', 'b'), false],
      // Here the issuer tells.
      [at('id.test', TENANT), true],
    ] as const) {
      expect(isAdmitted(now, { identity, authority: ownName(before) })).to.equal(verdict);
      expect(isAdmitted(now, { identity }), 'an older record').to.equal(true);
    }
  });
});
