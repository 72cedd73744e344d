/** The lists of tenants: read by GUID, refused where they make no sense, and what they let in. */
import { expect } from 'chai';
import { isTenantAllowed } from '../../src/config/tenant-lists.ts';
import { faultsWith, loadWith } from './config-rig.ts';

const ONE = '5d3a1b0e-7c41-4e5b-9a57-0f1c8a2e6b01';
const TWO = '8e6f2c94-1d7b-4f0a-b3c8-61d5e9a07f02';
const PERSONAL = '9188040d-6c67-4c5b-b112-36a304b66dad';

describe('The lists of tenants', () => {
  const listsWith = (changes: Record<string, unknown>) =>
    loadWith(
      Object.fromEntries(
        Object.entries(changes).map(([key, value]) => [`AzureAd:${key}`, value] as const),
      ),
    ).settings.azureAd.tenants;

  it('let everyone in where there are none', () => {
    expect(listsWith({})).to.deep.equal({ allowed: undefined, denied: [] });
    expect(isTenantAllowed(listsWith({}), ONE)).to.equal(true);
    expect(isTenantAllowed(listsWith({}), undefined)).to.equal(true);
  });

  it('are lists or one text, in whatever case, each tenant once', () => {
    const lists = { allowed: [ONE, TWO], denied: [PERSONAL] };
    const AllowedTenants = [ONE.toUpperCase(), TWO, ONE];
    expect(listsWith({ AllowedTenants, DeniedTenants: [PERSONAL] })).to.deep.equal(lists);
    const texts = { AllowedTenants: `${ONE}, ${TWO}`, DeniedTenants: PERSONAL };
    expect(listsWith(texts)).to.deep.equal(lists);
  });

  it('let in whom the one names, and nobody whom the other names', () => {
    const allowed = { allowed: [ONE], denied: [] };
    const denied = { allowed: undefined, denied: [ONE] };
    for (const [tenantId, isAllowed, isNotDenied] of [
      [ONE, true, false],
      [ONE.toUpperCase(), true, false],
      [TWO, false, true],
      ['', false, true],
      [undefined, false, true],
    ] as const) {
      expect(isTenantAllowed(allowed, tenantId), `${tenantId} allowed`).to.equal(isAllowed);
      expect(isTenantAllowed(denied, tenantId), `${tenantId} denied`).to.equal(isNotDenied);
    }
  });

  it('may name the one tenant there is, and pin the tenant of a domain', () => {
    for (const TenantId of [ONE.toUpperCase(), 'contoso.example']) {
      expect(listsWith({ TenantId, AllowedTenants: [ONE] }).allowed).to.deep.equal([ONE]);
    }
    const personal = { TenantId: 'consumers', AllowedTenants: [PERSONAL] };
    expect(listsWith(personal).allowed).to.deep.equal([PERSONAL]);
  });

  describe('are refused', () => {
    for (const [what, key, changes, problem] of [
      ['with a domain', 'AllowedTenants', { AllowedTenants: ['contoso.example'] }, 'no GUID'],
      ['with a domain', 'DeniedTenants', { DeniedTenants: 'contoso.example' }, 'no GUID'],
      ['with a name for many', 'AllowedTenants', { AllowedTenants: ['common'] }, 'no GUID'],
      ['when nobody is allowed', 'AllowedTenants', { AllowedTenants: [] }, 'is empty'],
      ['when nobody is allowed', 'AllowedTenants', { AllowedTenants: '' }, 'is empty'],
      [
        'when both name the same',
        'DeniedTenants',
        { AllowedTenants: [ONE, TWO], DeniedTenants: [TWO.toUpperCase()] },
        `names ${TWO}, and so does AllowedTenants`,
      ],
      [
        'for another tenant than the only one',
        'AllowedTenants',
        { TenantId: ONE, AllowedTenants: [ONE, TWO] },
        'another tenant than',
      ],
      [
        'for two where a domain names one',
        'AllowedTenants',
        { TenantId: 'contoso.example', AllowedTenants: [ONE, TWO] },
        'another tenant than',
      ],
      [
        'for a work tenant among personal accounts',
        'AllowedTenants',
        { TenantId: 'consumers', AllowedTenants: [ONE] },
        'another tenant than',
      ],
      [
        'for personal accounts among organizations',
        'AllowedTenants',
        { TenantId: 'organizations', AllowedTenants: [ONE, PERSONAL] },
        'which organizations leaves out',
      ],
      [
        'when they deny the only tenant',
        'DeniedTenants',
        { TenantId: ONE, DeniedTenants: [ONE] },
        'would let nobody in',
      ],
      [
        'when they deny a stranger to the only tenant',
        'DeniedTenants',
        { TenantId: 'contoso.example', DeniedTenants: [ONE] },
        'is of no use',
      ],
      [
        'at an authority that has no tenants',
        'AllowedTenants',
        { TenantId: undefined, Authority: 'https://id.example', AllowedTenants: [ONE] },
        'is of Entra ID',
      ],
      [
        'at an authority that has no tenants',
        'DeniedTenants',
        { TenantId: undefined, Authority: 'https://id.example', DeniedTenants: [ONE] },
        'is of Entra ID',
      ],
      ['under a misspelt key', 'AllowedTenant', { AllowedTenant: [ONE] }, 'is not a key'],
    ] as const) {
      it(`${what}: ${key} ${problem}`, () => {
        const faults = faultsWith(
          Object.fromEntries(
            Object.entries(changes).map(([name, value]) => [`AzureAd:${name}`, value] as const),
          ),
        );
        expect(faults.map((fault) => fault.key)).to.deep.equal([`AzureAd:${key}`]);
        expect(faults[0]?.problem).to.contain(problem);
        expect(faults[0]?.fix).to.match(/^\S.*[.?]$/);
      });
    }
  });
});
