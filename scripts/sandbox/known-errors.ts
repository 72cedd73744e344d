/** The AADSTS numbers the sandbox speaks, with the OAuth error and text that go with each. */

/** What goes with a number, until a request says more. */
export interface KnownError {
  readonly error: string;
  readonly status?: number;
  readonly suberror?: string;
  readonly text: string;
}

const needsConsent = 'The user or administrator has not consented to use the application.';

export const knownErrors: Readonly<Record<number, KnownError>> = {
  16000: { error: 'interaction_required', text: 'Several accounts are signed in; pick one.' },
  28000: {
    error: 'invalid_request',
    text: 'Provided value for the input parameter scope is not valid because it contains more than one resource.',
  },
  50011: {
    error: 'invalid_request',
    text: 'The redirect URI specified in the request does not match the redirect URIs configured for the application.',
  },
  50013: {
    error: 'invalid_client',
    status: 401,
    text: 'Assertion failed signature validation.',
  },
  50020: { error: 'interaction_required', text: 'User account does not exist in the tenant.' },
  50027: { error: 'invalid_client', status: 401, text: 'JWT token is invalid or malformed.' },
  50058: {
    error: 'login_required',
    text: 'A silent sign-in request was sent but no user is signed in.',
  },
  50059: {
    error: 'invalid_request',
    text: 'No tenant-identifying information found in either the request or implied by any provided credentials.',
  },
  50076: {
    error: 'invalid_grant',
    suberror: 'basic_action',
    text: 'Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication to access the resource.',
  },
  50089: { error: 'invalid_grant', text: 'Authentication failed due to flow token expired.' },
  50173: {
    error: 'invalid_grant',
    suberror: 'bad_token',
    text: 'The provided grant has expired due to it being revoked, a fresh auth token is needed.',
  },
  54005: {
    error: 'invalid_grant',
    text: 'OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token.',
  },
  65001: { error: 'invalid_grant', suberror: 'consent_required', text: needsConsent },
  65004: { error: 'access_denied', text: 'User declined to consent to access the app.' },
  70000: {
    error: 'invalid_grant',
    suberror: 'bad_token',
    text: 'Provided grant is invalid or malformed.',
  },
  70003: { error: 'unsupported_grant_type', text: 'The grant type is not supported.' },
  70008: {
    error: 'invalid_grant',
    suberror: 'token_expired',
    text: 'The provided authorization code or refresh token has expired due to inactivity.',
  },
  70011: { error: 'invalid_scope', text: 'The provided scope is not valid.' },
  70021: {
    error: 'invalid_client',
    status: 401,
    text: 'No matching federated identity record found for presented assertion.',
  },
  70025: {
    error: 'invalid_client',
    status: 401,
    text: 'The client has no configured federated identity credentials.',
  },
  90002: { error: 'invalid_request', text: 'The tenant was not found.' },
  90014: { error: 'invalid_request', text: 'A required field is missing.' },
  90023: { error: 'invalid_request', text: 'The request is not valid.' },
  90033: {
    error: 'temporarily_unavailable',
    status: 503,
    text: 'A transient error has occurred. Please try again.',
  },
  90055: {
    error: 'temporarily_unavailable',
    status: 429,
    text: 'There are too many incoming requests. This exception is thrown for blocked tenants.',
  },
  90061: { error: 'invalid_request', text: 'Request to External OIDC endpoint failed.' },
  90094: { error: 'consent_required', text: 'Admin consent is required.' },
  500011: { error: 'invalid_resource', text: 'The resource principal was not found.' },
  500133: {
    error: 'invalid_client',
    status: 401,
    text: 'Assertion is not within its valid time range. Ensure that the access token is not expired before using it for user assertion, or request a new token.',
  },
  501481: {
    error: 'invalid_grant',
    text: 'The Code_Verifier does not match the code_challenge supplied in the authorization request.',
  },
  700005: {
    error: 'invalid_grant',
    text: 'Provided Authorization Code is intended to use against other tenant, thus rejected.',
  },
  700016: {
    error: 'unauthorized_client',
    text: 'Application was not found in the directory. This can happen if the application has not been installed by the administrator of the tenant.',
  },
  700021: {
    error: 'invalid_client',
    status: 401,
    text: "Client assertion application identifier doesn't match 'client_id' parameter.",
  },
  700023: {
    error: 'invalid_client',
    status: 401,
    text: 'Client assertion audience claim does not match Realm issuer.',
  },
  700024: {
    error: 'invalid_client',
    status: 401,
    text: 'Client assertion is not within its valid time range.',
  },
  700027: {
    error: 'invalid_client',
    status: 401,
    text: 'The certificate with identifier used to sign the client assertion is not registered on application.',
  },
  700054: {
    error: 'unsupported_response_type',
    text: 'response_type is not enabled for the application.',
  },
  700211: {
    error: 'invalid_client',
    status: 401,
    text: 'No matching federated identity record found for presented assertion issuer.',
  },
  700212: {
    error: 'invalid_client',
    status: 401,
    text: 'No matching federated identity record found for presented assertion audience.',
  },
  700213: {
    error: 'invalid_client',
    status: 401,
    text: 'No matching federated identity record found for presented assertion subject.',
  },
  900144: {
    error: 'invalid_request',
    text: 'The request body must contain a required parameter.',
  },
  901002: { error: 'invalid_request', text: "The 'resource' request parameter is not supported." },
  1000502: {
    error: 'invalid_client',
    status: 401,
    text: 'The provided certificate is not within its specified validity window.',
  },
  1002012: {
    error: 'invalid_scope',
    text: 'The provided value for scope is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).',
  },
  7000214: {
    error: 'invalid_client',
    status: 401,
    text: 'Certificate has been revoked.',
  },
  7000215: {
    error: 'invalid_client',
    status: 401,
    text: 'Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID.',
  },
  7000218: {
    error: 'invalid_client',
    status: 401,
    text: "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
  },
  7000222: {
    error: 'invalid_client',
    status: 401,
    text: 'The provided client secret keys are expired. Visit the Azure portal to create new keys for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for added security: https://aka.ms/certCreds.',
  },
  7000229: {
    error: 'invalid_client',
    status: 401,
    text: 'The client application is missing service principal in the tenant.',
  },
  7000272: {
    error: 'invalid_client',
    status: 401,
    text: 'The certificate used to sign the federated credential could not be found in the metadata of identity provider.',
  },
  7000274: {
    error: 'invalid_client',
    status: 401,
    text: 'The certificate used to sign the client assertion is not valid.',
  },
  7000277: {
    error: 'invalid_client',
    status: 401,
    text: 'The certificate used to sign the client assertion has been revoked.',
  },
  9000411: {
    error: 'invalid_request',
    text: 'The request is not properly formatted. A parameter is duplicated.',
  },
  9002326: {
    error: 'invalid_request',
    text: "Cross-origin token redemption is permitted only for the 'Single-Page Application' client-type.",
  },
};
