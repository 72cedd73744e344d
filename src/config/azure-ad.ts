/** Reads the section `AzureAd`, in the names of Microsoft.Identity.Web. */
import { isGuid } from '../tenant-id.ts';
import { readAuthority } from './authority-settings.ts';
import { type CallbackPaths, readCallbackPaths } from './callback-paths.ts';
import { readClientCredentials } from './client-credentials.ts';
import { type ForeignKeys, judgeForeignKeys } from './foreign-keys.ts';
import type { Environment } from './read-sources.ts';
import type { Section } from './section.ts';
import type { AuthoritySettings, ResponseMode, Settings, TenantLists } from './settings.ts';
import { readTenantLists } from './tenant-lists.ts';

export const AZURE_AD_KEYS = [
  ...['Instance', 'TenantId', 'Authority', 'AllowedTenants', 'DeniedTenants'],
  ...['ClientId', 'ClientSecret', 'ClientCredentials'],
  ...['ClientCertificates', 'SendX5C', 'ClientCapabilities', 'ResponseMode'],
  ...['CallbackPath', 'SignedOutCallbackPath', 'RemoteSignOutPath', 'BackChannelLogoutPath'],
  'AdminConsentCallbackPath',
] as const;
export type AzureAdKey = (typeof AZURE_AD_KEYS)[number];

const FOREIGN: ForeignKeys = {
  harmless: [
    ...['Domain', 'EnablePiiLogging', 'LegacyCacheCompatibilityEnabled', 'UseFastUnboundedCache'],
    ...['PartitionAppTokenCacheByAudience', 'AzureRegion', 'AppHomeTenantId', 'WithSpaAuthCode'],
    ...['Audience', 'Audiences', 'AllowWebApiToBeAuthorizedByACL', 'Scope'],
    ...[
      'ErrorPath',
      'ResetPasswordPath',
      'ResponseType',
      'SaveTokens',
      'UsePkce',
      'GetClaimsFromUserInfoEndpoint',
    ],
    ...['MapInboundClaims', 'SignInScheme', 'SignOutScheme', 'RequireHttpsMetadata'],
  ],
  moved: {
    UserAssignedManagedIdentityClientId:
      'Set ManagedIdentityClientId in the entry of ClientCredentials that is to use that identity.',
  },
  unsafe: {
    TokenDecryptionCertificates: 'Turn off token encryption in the app registration; remove it.',
    TokenDecryptionCredentials: 'Turn off token encryption in the app registration; remove it.',
    ClientCredentialsUsingManagedIdentity:
      'Use ClientCredentials with SourceType SignedAssertionFromManagedIdentity.',
    SignUpSignInPolicyId: 'Azure AD B2C is not supported: use an Entra ID tenant.',
    EditProfilePolicyId: 'Azure AD B2C is not supported: use an Entra ID tenant.',
    ResetPasswordPolicyId: 'Azure AD B2C is not supported: use an Entra ID tenant.',
    ExtraQueryParameters: 'Remove it: no parameter of your own is sent to the authority.',
    AdditionalAuthorizationParameters: 'Remove it: no parameter of your own is sent.',
    Prompt: 'Remove it: the site chooses the prompt.',
    MaxAge: 'Remove it, and ask for a fresh sign-in by Conditional Access.',
  },
};

export interface AzureAdContext {
  /** What file paths start from. */
  readonly directory: string;
  readonly now: number;
  /** What the platform tells of itself there, such as where it keeps a token. */
  readonly env: Environment;
}

export interface AzureAdSettings extends CallbackPaths {
  readonly authority: AuthoritySettings | undefined;
  readonly tenants: TenantLists;
  readonly clientId: string | undefined;
  readonly credentials: Settings['azureAd']['credentials'];
  readonly clientCapabilities: readonly string[];
  readonly responseMode: ResponseMode;
}

export function readAzureAd(
  section: Section<AzureAdKey>,
  context: AzureAdContext,
): AzureAdSettings {
  const authority = readAuthority(section);
  const settings = {
    authority,
    tenants: readTenantLists(section, authority),
    clientId: readClientId(section, authority),
    credentials: readClientCredentials(section, context, authority),
    clientCapabilities: readCapabilities(section),
    responseMode: readResponseMode(section),
    ...readCallbackPaths(section),
  };
  judgeForeignKeys(section, FOREIGN);
  return settings;
}

function readClientId(
  section: Section<AzureAdKey>,
  authority: AuthoritySettings | undefined,
): string | undefined {
  const fix = 'Set it to the application (client) ID of the app registration.';
  const clientId = section.requiredText('ClientId', fix);
  if (clientId === undefined || authority?.kind === 'oidc') return clientId;
  // As it stands in tokens, which are compared with it to the letter.
  if (isGuid(clientId)) return clientId.toLowerCase();
  section.fault('ClientId', 'is not a GUID', fix);
  return undefined;
}

function readResponseMode(section: Section<AzureAdKey>): ResponseMode {
  const mode = section.text('ResponseMode')?.toLowerCase() ?? 'query';
  if (mode === 'query' || mode === 'form_post') return mode;
  section.fault('ResponseMode', 'is neither query nor form_post', 'Set it to one of them.');
  return 'query';
}

/** `cp1` is the only one there is: it says that claims challenges are handled. */
function readCapabilities(section: Section<AzureAdKey>): readonly string[] {
  const capabilities = section.words('ClientCapabilities', /[\s,]+/) ?? [];
  const unknown = capabilities.find((word) => word.toLowerCase() !== 'cp1');
  if (unknown !== undefined) {
    const fix = 'Write ["cp1"], or remove it.';
    section.fault('ClientCapabilities', `holds ${unknown}, which this site has not`, fix);
  }
  return capabilities.length > 0 ? ['cp1'] : [];
}
