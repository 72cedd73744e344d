/** Whose accounts may sign in: the words of `--tenants`, and what they are called elsewhere. */

export interface Tenants {
  /** For `az ad app create --sign-in-audience`. */
  readonly audience: string;
  /** For the setting `TenantId`; `undefined` for the tenant that the app is registered in. */
  readonly tenantId: string | undefined;
  readonly personal: boolean;
  /** Whether there are directories, with administrators and service principals. */
  readonly work: boolean;
}

export const TENANTS: ReadonlyMap<string, Tenants> = new Map([
  ['single', { audience: 'AzureADMyOrg', tenantId: undefined, personal: false, work: true }],
  [
    'multiple',
    { audience: 'AzureADMultipleOrgs', tenantId: 'organizations', personal: false, work: true },
  ],
  [
    'multiple-and-personal',
    {
      audience: 'AzureADandPersonalMicrosoftAccount',
      tenantId: 'common',
      personal: true,
      work: true,
    },
  ],
  [
    'personal',
    { audience: 'PersonalMicrosoftAccount', tenantId: 'consumers', personal: true, work: false },
  ],
]);
