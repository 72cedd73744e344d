/** Every key of the configuration, with its default and its meaning: what the README's table is held to. */
import { credentialKeys } from './credential-keys.ts';
import { type DocumentedKey, NONE, REQUIRED, row } from './documented-key.ts';

const API = 'DownstreamApis:<name>';

export const documentedKeys: readonly DocumentedKey[] = [
  row(
    'Site:PublicUrl',
    '`http://localhost:<Port>`',
    'Where people find the site: an origin, no path',
  ),
  row('Site:Port', '`4000`', 'Where the site listens; 0 takes a free port'),
  row(
    'Site:MetricsPort',
    NONE,
    'Where `GET /metrics` is answered for Prometheus: a port of its own, which people must not reach',
  ),
  row(
    'Site:TrustProxy',
    '`false`',
    'Believe `X-Forwarded-For` and `X-Forwarded-Proto` of a proxy: only where nothing but the proxy can reach the port',
  ),
  row(
    'Site:SignInScopes',
    'the first API’s',
    'Asked at sign-in; an empty text or list leaves each consent to the page that needs it',
  ),
  row(
    'Site:Hooks',
    NONE,
    'A module of your own, from where the site is started: what it exports is asked at each sign-in, and told of [its end](#hooks)',
  ),
  row(
    'AzureAd:Instance',
    '`https://login.microsoftonline.com/`',
    'The cloud’s host, or one of [External ID](#external-id)',
  ),
  row(
    'AzureAd:TenantId',
    REQUIRED,
    'Tenant GUID or domain, `common`, `organizations` or `consumers`; not needed with `Authority`',
  ),
  row(
    'AzureAd:Authority',
    NONE,
    'In place of the two above: `https://<host>/<tenant>/v2.0`, `https://<name>.ciamlogin.com/`, or the issuer of any OpenID Connect authority, exactly as it names itself',
  ),
  row(
    'AzureAd:AllowedTenants',
    'all',
    'Tenant GUIDs: only who signs in to one of them is let in, [guests too](#who-may-sign-in)',
  ),
  row('AzureAd:DeniedTenants', NONE, 'Tenant GUIDs: nobody who signs in to one of them is let in'),
  row('AzureAd:ClientId', REQUIRED, 'Application (client) ID'),
  row('AzureAd:ClientSecret', 'required without credentials', 'The secret’s Value, not its ID'),
  ...credentialKeys,
  row(
    'AzureAd:ResponseMode',
    '`query`',
    'How the browser brings that answer: `query`, or `form_post` to keep the code out of addresses',
  ),
  row(
    'AzureAd:ClientCapabilities',
    NONE,
    '`["cp1"]`: APIs may send claims challenges (continuous access evaluation), and give tokens that last a day in return',
  ),
  row('AzureAd:CallbackPath', '`/signin-oidc`', 'Where the authority answers a sign-in'),
  row(
    'AzureAd:SignedOutCallbackPath',
    '`/signout-callback-oidc`',
    'Where it returns to after sign-out',
  ),
  row(
    'AzureAd:RemoteSignOutPath',
    '`/signout-oidc`',
    'Where it tells of a sign-out elsewhere, by a frame in the browser',
  ),
  row(
    'AzureAd:BackChannelLogoutPath',
    '`/backchannel-logout`',
    'Where an authority other than Entra ID tells of it itself, by a logout token',
  ),
  row(
    'AzureAd:AdminConsentCallbackPath',
    '`/admin-consent-callback`',
    'Where Entra ID answers when an administrator was asked to consent for the organisation',
  ),
  row(
    `${API}:BaseUrl`,
    REQUIRED,
    'Where the API is; a section at the top that has one is an API too. The first API whose name begins with `Graph` serves the Graph pages',
  ),
  row(`${API}:RelativePath`, 'empty', 'What `/apis/<name>` shows, below `BaseUrl`'),
  row(`${API}:Scopes`, REQUIRED, 'One text or a list; all of one resource'),
  row(
    `${API}:Page`,
    '`true`',
    'Whether everyone who is signed in has a page of it, `/apis/<name>`, a link to it and a part of the start page',
  ),
  row(
    `${API}:RedirectHosts`,
    NONE,
    'Hosts that an answer’s redirect is followed to, without a token',
  ),
  row(`${API}:Gateway`, NONE, 'A list of rules that open paths to front-ends; all else is refused'),
  row(`${API}:Gateway:<n>:Methods`, REQUIRED, 'One text or a list'),
  row(`${API}:Gateway:<n>:Path`, REQUIRED, 'Below `BaseUrl`; `*` is one segment, `**` any number'),
  row(`${API}:Gateway:<n>:Scopes`, 'the API’s', 'What such a call needs'),
  row(`${API}:ProtocolScheme`, '`Bearer`', 'Only `Bearer`'),
  row(
    `${API}:RequestAppToken`,
    '`false`',
    'Call it as this site itself, from routes of yours only; `Scopes` is one `…/.default` then',
  ),
  row(`${API}:HttpMethod`, '`GET`', 'What `call()` of a route sends'),
  row(`${API}:AcceptHeader`, '`application/json`', 'What is asked for'),
  row(`${API}:ContentType`, '`application/json`', 'What a body is, where the route does not say'),
  row(
    `${API}:ExtraHeaderParameters:<header>`,
    NONE,
    'A header sent with each call; none that carries credentials, routes or overrides',
  ),
  row(
    `${API}:ExtraQueryParameters:<parameter>`,
    NONE,
    'A parameter sent with each call; a front-end cannot replace it, nor such a header',
  ),
  row(
    `${API}:AcquireTokenOptions:Tenant`,
    'the one signed in to',
    'GUID or domain of the tenant whose data is meant',
  ),
  row(`${API}:AcquireTokenOptions:Claims`, NONE, 'A claims request (JSON text) for each token'),
  row(
    `${API}:AcquireTokenOptions:ForceRefresh`,
    '`false`',
    'A token got less than 30 s ago for each call: rarely right',
  ),
  row(`${API}:TimeoutSeconds`, '`20`', 'A whole call, its retries and the JSON answer included'),
  row(`${API}:ResponseTimeoutSeconds`, '`15`', 'Until the first byte of an answer'),
  row(`${API}:MaxRetries`, '`2`', 'After passing faults, where a repetition is harmless'),
  row(
    `${API}:MaxConcurrentCalls`,
    '`200`',
    'Calls that wait for an answer at once, in each process; more are told to come back (503)',
  ),
  row(
    'TokenCache:Store',
    '`memory:`',
    '`memory:`, `sqlite:<file>`, `redis://…`, `postgres://…`, `mysql://…` and [others](#stores)',
  ),
  row('TokenCache:InstanceName', '`concierge`', 'The beginning of every name in the store'),
  row(
    'TokenCache:SchemaName',
    'the connection’s own',
    'With PostgreSQL, MySQL and MariaDB: the schema (there, the database) of the table; it is there already',
  ),
  row(
    'TokenCache:TableName',
    '`concierge_records`',
    'With PostgreSQL, MySQL and MariaDB: the table, made at the first use if it is absent',
  ),
  row(
    'TokenCache:EncryptionKeys',
    'on loopback, made in `.local/keys.json`',
    '32 bytes in base64 each; the first seals, all open',
  ),
  row(
    'TokenCache:IndexKey',
    'on loopback, made in `.local/keys.json`',
    '32 bytes in base64; names the accounts, and never changes',
  ),
  row('Session:IdleMinutes', '`60`', 'A session ends after so long without a request'),
  row('Session:AbsoluteHours', '`12`', 'A session ends after so long in any case'),
  row(
    'Session:UseTokenLifetime',
    '`false`',
    'A session ends with the ID token that it began with, if that is sooner',
  ),
  row(
    'Session:SignOutEverywhere',
    '`false`',
    'Every sign-out ends all sessions of the account and deletes its tokens at once, not only with its last session',
  ),
  row(
    'Session:RevokeSignInSessions',
    '`false`',
    '“Sign out everywhere” ends the account’s sessions at Microsoft too, by Graph’s `revokeSignInSessions`; needs the delegated permission `User.RevokeSessions.All`',
  ),
  row(
    'Session:AccountContext',
    NONE,
    'An authentication context (`c1` to `c99`) that `/account` asks for: a step-up before sessions and tokens are shown; signing out needs none',
  ),
];

/** The keys as a table in Markdown. */
export function configurationTable(): string {
  const rows = documentedKeys.map(
    ({ key, default: byDefault, meaning }) => `| \`${key}\` | ${byDefault} | ${meaning} |`,
  );
  return ['| key | default | meaning |', '|---|---|---|', ...rows, ''].join('\n');
}
