/** What AADSTS numbers of the site's own set-up mean, and how an operator mends them: data, for logs and scripts. */

export interface AadstsHelp {
  /** A sentence: what is wrong. */
  readonly meaning: string;
  /** A sentence: what to do. */
  readonly mend: string;
  /** Where in the Entra admin center (https://entra.microsoft.com). */
  readonly portal?: string;
  /** The Azure CLI's way; `<client-id>` and other words in angle brackets are to be filled in. */
  readonly command?: string;
}

const CREDENTIALS = 'App registrations > (this app) > Certificates & secrets';
const FEDERATED = `${CREDENTIALS} > Federated credentials`;
const AUTHENTICATION = 'App registrations > (this app) > Authentication';
const PERMISSIONS = 'App registrations > (this app) > API permissions';
const ENTERPRISE_APP = 'Enterprise applications > (this app)';

const NEW_SECRET = 'az ad app credential reset --id <client-id> --append --display-name concierge';
const ADD_CERTIFICATE = `${NEW_SECRET} --cert @<certificate.pem>`;
const LIST_CERTIFICATES = 'az ad app credential list --id <client-id> --cert';
const ADD_FEDERATED =
  'az ad app federated-credential create --id <client-id> --parameters \'{"name":"concierge","issuer":"<issuer>","subject":"<subject>","audiences":["<audience>"]}\'';
const LIST_FEDERATED = 'az ad app federated-credential list --id <client-id>';
const SHOW_APP = 'az ad app show --id <client-id>';
/** Keeps those there are: the option replaces the whole list. */
const ADD_REDIRECT_URI =
  'az ad app update --id <client-id> --web-redirect-uris $(az ad app show --id <client-id> --query web.redirectUris --output tsv) <redirect-uri>';
const CONSENT = 'az ad app permission admin-consent --id <client-id>';

const NEW_CERTIFICATE = {
  mend: 'Upload the certificate of a new key, put both into AzureAd:ClientCredentials, and take the old ones out.',
  portal: `${CREDENTIALS} > Certificates`,
  command: ADD_CERTIFICATE,
};
const NO_FEDERATED_FIT = {
  mend: 'Compare issuer, subject and audience, letter by letter, with the token that the platform issues.',
  portal: FEDERATED,
  command: LIST_FEDERATED,
};
const COMPARE_FEDERATED = { portal: FEDERATED, command: LIST_FEDERATED };

/** By number; those that only a person can answer (a password, a second factor) are not here. */
export const AADSTS_HELP: Readonly<Record<number, AadstsHelp>> = {
  7000215: {
    meaning: 'The client secret is wrong; often its ID was copied in place of its value.',
    mend: 'Set the ClientSecret of this credential to the value of a secret, which is shown once, when it is made.',
    portal: `${CREDENTIALS} > Client secrets`,
    command: NEW_SECRET,
  },
  7000222: {
    meaning: 'The client secret has expired.',
    mend: 'Make a new secret, and set the ClientSecret of this credential to its value.',
    portal: `${CREDENTIALS} > Client secrets`,
    command: NEW_SECRET,
  },
  7000218: {
    meaning: 'The request came without a secret and without an assertion.',
    mend: 'Give the site a credential in AzureAd:ClientSecret or AzureAd:ClientCredentials.',
    portal: CREDENTIALS,
    command: NEW_SECRET,
  },
  700027: {
    meaning: 'The certificate that signed the assertion is not registered with the app.',
    mend: 'Upload the certificate of this credential, without its key; the portal shows its thumbprint.',
    portal: `${CREDENTIALS} > Certificates`,
    command: ADD_CERTIFICATE,
  },
  7000274: {
    meaning: 'The signature of the assertion is wrong for the registered certificate.',
    mend: 'Check that certificate and private key of this credential belong together.',
    portal: `${CREDENTIALS} > Certificates`,
    command: LIST_CERTIFICATES,
  },
  7000214: { meaning: 'The client certificate has been revoked.', ...NEW_CERTIFICATE },
  7000277: { meaning: 'The client certificate has been revoked.', ...NEW_CERTIFICATE },
  1000502: {
    meaning:
      'The client certificate has expired, or is not valid yet; or the clock of this machine is off.',
    ...NEW_CERTIFICATE,
  },
  700024: {
    meaning: 'The assertion is not within its time: the clock of this machine is off.',
    mend: 'Set the clock by NTP.',
    command: 'timedatectl set-ntp true',
  },
  500133: {
    meaning: 'The assertion had expired when it arrived: the clock of this machine is off.',
    mend: 'Set the clock by NTP.',
    command: 'timedatectl set-ntp true',
  },
  700023: {
    meaning: 'The assertion is meant for another authority.',
    mend: 'Set AzureAd:Instance and AzureAd:TenantId to the cloud and tenant of the registration.',
    portal: 'App registrations > (this app) > Overview > Endpoints',
    command: SHOW_APP,
  },
  70021: {
    meaning: 'No federated credential of the app fits the assertion.',
    ...NO_FEDERATED_FIT,
  },
  70025: {
    meaning: 'The app has no federated credential at all.',
    mend: 'Add one with the issuer, subject and audience of the token that the platform issues.',
    portal: FEDERATED,
    command: ADD_FEDERATED,
  },
  7002137: {
    meaning: 'No federated credential of the app names the subject of the assertion.',
    ...NO_FEDERATED_FIT,
  },
  7002138: {
    meaning:
      'A federated credential of the app differs from the assertion in upper or lower case only.',
    ...NO_FEDERATED_FIT,
  },
  700211: {
    meaning: 'No federated credential of the app names the issuer of the assertion.',
    mend: 'Add a federated credential with that issuer, exactly as the assertion spells it.',
    portal: FEDERATED,
    command: ADD_FEDERATED,
  },
  700212: {
    meaning: 'No federated credential of the app names the audience of the assertion.',
    mend: 'The audience is api://AzureADTokenExchange (another one in national clouds), on both sides.',
    ...COMPARE_FEDERATED,
  },
  700213: {
    meaning: 'No federated credential of the app names the subject of the assertion.',
    mend: 'Set the subject to that of the managed identity or workload, letter by letter.',
    ...COMPARE_FEDERATED,
  },
  700016: {
    meaning: 'The tenant has no app with this client ID.',
    mend: 'Set AzureAd:ClientId to the application (client) ID, and AzureAd:TenantId to the tenant it is in.',
    portal: 'App registrations > All applications > (this app) > Overview',
    command: SHOW_APP,
  },
  7000229: {
    meaning: 'The app is registered, but has no service principal in this tenant.',
    mend: 'Make it, or let an administrator of the tenant consent to the app.',
    portal: 'Enterprise applications',
    command: 'az ad sp create --id <client-id>',
  },
  7000112: {
    meaning: 'The app is disabled in this tenant.',
    mend: 'Enable sign-in for it.',
    portal: `${ENTERPRISE_APP} > Properties > Enabled for users to sign-in`,
    command: 'az ad sp update --id <client-id> --set accountEnabled=true',
  },
  90002: {
    meaning: 'There is no such tenant in this cloud.',
    mend: 'Set AzureAd:TenantId to the directory (tenant) ID of the registration; AzureAd:Instance chooses the cloud.',
    portal: 'App registrations > (this app) > Overview > Directory (tenant) ID',
    command: 'az account show --query tenantId --output tsv',
  },
  50011: {
    meaning: 'The redirect URI is not registered.',
    mend: 'Add it, letter by letter, to those of the platform Web.',
    portal: `${AUTHENTICATION} > Web > Redirect URIs`,
    command: ADD_REDIRECT_URI,
  },
  500113: {
    meaning: 'The app has no redirect URI at all.',
    mend: 'Add those of this site to the platform Web.',
    portal: `${AUTHENTICATION} > Web > Redirect URIs`,
    command: ADD_REDIRECT_URI,
  },
  50194: {
    meaning: 'The app is registered for one tenant, and was asked for at common or organizations.',
    mend: 'Set AzureAd:TenantId to that tenant, or open the app to others (the command does).',
    portal: `${AUTHENTICATION} > Supported account types`,
    command: 'az ad app update --id <client-id> --sign-in-audience AzureADMultipleOrgs',
  },
  500011: {
    meaning: 'The tenant does not know the API that a scope belongs to.',
    mend: 'Check the part before the last slash of the Scopes of the API; or add the API to the tenant.',
    portal: 'Enterprise applications (search for the API)',
    command: 'az ad sp create --id <client ID of the API>',
  },
  650052: {
    meaning: 'The organisation has not subscribed to the API, or has not enabled it.',
    mend: 'Subscribe to the service or enable it, then add it to the tenant.',
    portal: 'Enterprise applications (search for the API)',
    command: 'az ad sp create --id <client ID of the API>',
  },
  650053: {
    meaning: 'The API has no such scope.',
    mend: 'Correct the Scopes of the API, or let the API expose the scope.',
    portal: 'App registrations > (the API) > Expose an API',
    command: "az ad sp show --id <client ID of the API> --query 'oauth2PermissionScopes[].value'",
  },
  650057: {
    meaning: 'The API is not among those that the registration asks for.',
    mend: 'Add its permissions to the registration, and consent to them.',
    portal: `${PERMISSIONS} > Add a permission`,
    command:
      'az ad app permission add --id <client-id> --api <client ID of the API> --api-permissions <scope ID>=Scope',
  },
  65001: {
    meaning: 'Nobody has consented to what the site asks for.',
    mend: 'People consent when they sign in; an administrator consents for all.',
    portal: `${PERMISSIONS} > Grant admin consent`,
    command: CONSENT,
  },
  90094: {
    meaning: 'Only an administrator can consent to what the site asks for.',
    mend: 'Let an administrator consent for all.',
    portal: `${PERMISSIONS} > Grant admin consent`,
    command: CONSENT,
  },
  50105: {
    meaning: 'The app is for assigned people only, and this one is not assigned.',
    mend: 'Assign the person or a group, or turn off that assignment is required.',
    portal: `${ENTERPRISE_APP} > Users and groups`,
    command: 'az ad sp update --id <client-id> --set appRoleAssignmentRequired=false',
  },
  900439: {
    meaning: 'A client of the US government cloud asked the public one.',
    mend: 'Set AzureAd:Instance to https://login.microsoftonline.us/.',
  },
  90038: {
    meaning: 'The tenant is in another cloud.',
    mend: 'Set AzureAd:Instance to the host of that cloud, and register the app there.',
  },
  70011: {
    meaning: 'A scope is not spelt as scopes are.',
    mend: 'Correct Site:SignInScopes and the Scopes of the APIs: scopes of one API, with its prefix.',
    portal: PERMISSIONS,
  },
  700054: {
    meaning: 'The app was asked for a type of answer that is not enabled for it.',
    mend: 'Register the redirect URIs under the platform Web.',
    portal: `${AUTHENTICATION} > Web`,
  },
  9002326: {
    meaning: 'The redirect URI is registered for a single-page application.',
    mend: 'Move it to the platform Web.',
    portal: AUTHENTICATION,
  },
};
