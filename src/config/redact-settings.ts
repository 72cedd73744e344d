/** Shows the effective settings in the file's own names, with every secret as `***`. */
import { redactCredentials } from './redact-credential.ts';
import type { AuthoritySettings, CallDefaults, DownstreamApi, Settings } from './settings.ts';

const HIDDEN = '***';

/** An object fit for JSON and for a screen that others see. */
export function redactSettings(settings: Settings): Record<string, unknown> {
  const { site, azureAd, tokenCache, session, downstreamApis } = settings;
  return {
    Site: {
      PublicUrl: site.publicUrl.origin,
      Port: site.port,
      ...(site.metricsPort !== undefined && { MetricsPort: site.metricsPort }),
      TrustProxy: site.trustProxy,
      SignInScopes: site.signInScopes,
      ...(site.hooks !== undefined && { Hooks: site.hooks }),
    },
    AzureAd: {
      ...authorityKeys(azureAd.authority),
      ...(azureAd.tenants.allowed && { AllowedTenants: azureAd.tenants.allowed }),
      ...(azureAd.tenants.denied.length > 0 && { DeniedTenants: azureAd.tenants.denied }),
      ClientId: azureAd.clientId,
      ...redactCredentials(azureAd.credentials),
      ClientCapabilities: azureAd.clientCapabilities,
      ResponseMode: azureAd.responseMode,
      CallbackPath: azureAd.callbackPath,
      SignedOutCallbackPath: azureAd.signedOutCallbackPath,
      RemoteSignOutPath: azureAd.remoteSignOutPath,
      BackChannelLogoutPath: azureAd.backChannelLogoutPath,
      AdminConsentCallbackPath: azureAd.adminConsentCallbackPath,
    },
    DownstreamApis: Object.fromEntries(downstreamApis.map((api) => [api.name, apiKeys(api)])),
    TokenCache: {
      Store: redactStore(tokenCache.store),
      InstanceName: tokenCache.instanceName,
      ...(tokenCache.schemaName !== undefined && { SchemaName: tokenCache.schemaName }),
      ...(tokenCache.tableName !== undefined && { TableName: tokenCache.tableName }),
      EncryptionKeys: tokenCache.encryptionKeys.map(() => HIDDEN),
      IndexKey: HIDDEN,
    },
    Session: {
      IdleMinutes: session.idleMinutes,
      AbsoluteHours: session.absoluteHours,
      UseTokenLifetime: session.useTokenLifetime,
      SignOutEverywhere: session.signOutEverywhere,
      RevokeSignInSessions: session.revokeSignInSessions,
      ...(session.accountContext !== undefined && { AccountContext: session.accountContext }),
    },
  };
}

function authorityKeys(authority: AuthoritySettings): Record<string, string> {
  return authority.kind === 'entra'
    ? { Instance: authority.instance.href, TenantId: authority.tenantId }
    : { Authority: authority.issuer.href };
}

function apiKeys(api: DownstreamApi): Record<string, unknown> {
  return {
    BaseUrl: api.baseUrl.href,
    RelativePath: api.relativePath,
    Scopes: api.scopes,
    RedirectHosts: api.redirectHosts,
    Gateway: api.gateway.map(({ methods, path, scopes }) => ({
      Methods: methods,
      Path: path,
      Scopes: scopes ?? api.scopes,
    })),
    RequestAppToken: api.requestAppToken,
    Page: api.hasPage,
    ...defaultsKeys(api.defaults),
    TimeoutSeconds: api.limits.requestMs / 1000,
    ResponseTimeoutSeconds: api.limits.responseMs / 1000,
    MaxRetries: api.limits.maxRetries,
    MaxConcurrentCalls: api.limits.maxConcurrent,
  };
}

/** Without the values of headers and parameters, which may be keys of the API. */
function defaultsKeys(defaults: CallDefaults): Record<string, unknown> {
  const { method, accept, contentType, headers, query, tenantId, claims, forceRefresh } = defaults;
  const names = (texts: object) =>
    Object.fromEntries(Object.keys(texts).map((name) => [name, HIDDEN]));
  return {
    HttpMethod: method,
    ...(accept !== undefined && { AcceptHeader: accept }),
    ...(contentType !== undefined && { ContentType: contentType }),
    ExtraHeaderParameters: names(headers),
    ExtraQueryParameters: names(query),
    AcquireTokenOptions: {
      ...(tenantId !== undefined && { Tenant: tenantId }),
      ...(claims !== undefined && { Claims: claims }),
      ForceRefresh: forceRefresh,
    },
  };
}

/** Without a password, and without a query string, which may hold one. */
function redactStore(store: string): string {
  if (/^(memory|sqlite):/i.test(store)) return store;
  // With several hosts it is no URL.
  if (/^(mongodb|(redis|valkey)s?-)/i.test(store)) {
    return store.replace(/:\/\/.*@/s, `://${HIDDEN}@`).replace(/\?.*/s, `?${HIDDEN}`);
  }
  const url = new URL(store);
  if (url.password !== '') url.password = HIDDEN;
  if (url.search !== '') url.search = HIDDEN;
  url.hash = '';
  return url.href;
}
