/** The settings of a running site, parsed and checked: what configuration becomes. */

/** One way for this site to prove who it is to the authority, in the source types of Microsoft.Identity.Web. */
export type ClientCredential =
  | SecretCredential
  | CertificateFileCredential
  | InlineCertificateCredential
  | VaultCredential
  | AssertionFileCredential
  | ManagedIdentityCredential
  | CustomAssertionCredential;

interface WrittenCredential {
  /** Where it is written, such as `AzureAd:ClientCredentials:0`: its name in logs. */
  readonly key: string;
}

export interface SecretCredential extends WrittenCredential {
  readonly sourceType: 'ClientSecret';
  readonly secret: string;
}

interface CertificateCredential extends WrittenCredential {
  readonly password: string | undefined;
  /** Whether assertions carry the chain in `x5c`. */
  readonly sendX5c: boolean;
}

export interface CertificateFileCredential extends CertificateCredential {
  readonly sourceType: 'Path';
  /** PEM or PFX; absolute paths. */
  readonly certificateFile: string;
  /** `undefined`: in the same file. */
  readonly privateKeyFile: string | undefined;
}

export interface InlineCertificateCredential extends CertificateCredential {
  readonly sourceType: 'Base64Encoded';
  /** PEM or PFX. */
  readonly bytes: Buffer;
}

/** A certificate of a key vault: fetched with its key, or used there, so that the key never leaves it. */
export interface VaultCredential extends WrittenCredential {
  readonly sourceType: 'KeyVault' | 'SignedAssertionFromVault';
  readonly vaultUrl: URL;
  readonly certificateName: string;
  /** The user-assigned managed identity that asks the vault. */
  readonly managedIdentityClientId: string | undefined;
  /** Where any other identity that asks it gets its token; `undefined`: as the Azure SDK has it. */
  readonly authorityHost: string | undefined;
  readonly sendX5c: boolean;
}

/** A token of another issuer, kept fresh in a file by the platform (workload identity). */
export interface AssertionFileCredential extends WrittenCredential {
  readonly sourceType: 'SignedAssertionFilePath';
  readonly file: string;
}

export interface ManagedIdentityCredential extends WrittenCredential {
  readonly sourceType: 'SignedAssertionFromManagedIdentity';
  readonly managedIdentityClientId: string | undefined;
  /** What the identity's token is asked for, such as `api://AzureADTokenExchange`. */
  readonly audience: string;
}

/** A module of the operator's own gives the assertions. */
export interface CustomAssertionCredential extends WrittenCredential {
  readonly sourceType: 'CustomSignedAssertion';
  readonly module: string;
  readonly data: Readonly<Record<string, string>>;
}

/** Where people sign in. */
export type AuthoritySettings = EntraSettings | { readonly kind: 'oidc'; readonly issuer: URL };

export interface EntraSettings {
  readonly kind: 'entra';
  /** The cloud's host, such as `https://login.microsoftonline.com/`, or one of External ID. */
  readonly instance: URL;
  /** A tenant's GUID or domain, or `common`, `organizations`, `consumers`. */
  readonly tenantId: string;
}

/** Whose people may sign in, of those that the authority is for: GUIDs, in lower case. */
export interface TenantLists {
  /** These alone; `undefined` for all. */
  readonly allowed: readonly string[] | undefined;
  readonly denied: readonly string[];
}

/** How the browser brings the authority's answer: in the callback's query, or in a form it posts. */
export type ResponseMode = 'query' | 'form_post';

/** One rule that opens paths of an API to front-ends; all else is refused. */
export interface GatewayRule {
  /** Upper case. */
  readonly methods: readonly string[];
  /** Below the API's base URL: `*` stands for one segment, `**` for any number. */
  readonly path: string;
  /** The scopes such a call needs; the API's own when absent. */
  readonly scopes: readonly string[] | undefined;
}

/** One API that this site may call for the person signed in. */
export interface DownstreamApi {
  /** The section's name as written; compared without regard to case. */
  readonly name: string;
  /** Without a trailing slash in its path. */
  readonly baseUrl: URL;
  /** The path that `GET /apis/:name` shows, below the base URL; empty for the base URL itself. */
  readonly relativePath: string;
  /** Scopes of one resource. */
  readonly scopes: readonly string[];
  /** Hosts (with port where not the scheme's own) that an answer's redirect may be followed to, without a token. */
  readonly redirectHosts: readonly string[];
  /** Empty: reachable by pages only. */
  readonly gateway: readonly GatewayRule[];
  /** Whether it is called with tokens of this site itself, without any person. */
  readonly requestAppToken: boolean;
  /** Whether everyone who is signed in has a page of it, `/apis/:name`, and a link to that. */
  readonly hasPage: boolean;
  readonly defaults: CallDefaults;
  readonly limits: CallLimits;
}

/** What each call of an API is made with, where the call itself says nothing else. */
export interface CallDefaults {
  /** Upper case. */
  readonly method: string;
  readonly accept: string | undefined;
  /** Of a body that says nothing of itself. */
  readonly contentType: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  /** The tenant whose tokens are asked for, where that is not the one signed in to. */
  readonly tenantId: string | undefined;
  /** A claims request (JSON text) that each token must answer. */
  readonly claims: string | undefined;
  readonly forceRefresh: boolean;
}

export interface CallLimits {
  /** For a whole call: retries, redirects and the body of a JSON answer included. */
  readonly requestMs: number;
  /** From a request sent to the first byte of its answer. */
  readonly responseMs: number;
  readonly maxRetries: number;
  /** Calls that wait for their answer at once, in this process; more are refused. */
  readonly maxConcurrent: number;
}

export interface Settings {
  readonly site: {
    /** Origin only: no path, query or fragment. */
    readonly publicUrl: URL;
    readonly port: number;
    /** Where `GET /metrics` is answered; `undefined` for nowhere. */
    readonly metricsPort: number | undefined;
    /** Whether `X-Forwarded-For` and `X-Forwarded-Proto` of a proxy are believed. */
    readonly trustProxy: boolean;
    /** Asked at sign-in; empty for purely incremental consent. */
    readonly signInScopes: readonly string[];
    /** The path of the site's own hook module. */
    readonly hooks: string | undefined;
    /** Whether the public URL is https, and cookies so `Secure` and `__Host-`. */
    readonly secure: boolean;
  };
  readonly azureAd: {
    readonly authority: AuthoritySettings;
    readonly tenants: TenantLists;
    readonly clientId: string;
    /** What this site can handle besides, such as `cp1`: claims challenges of APIs. */
    readonly clientCapabilities: readonly string[];
    /** At least one, in the order in which they are tried. */
    readonly credentials: readonly ClientCredential[];
    readonly responseMode: ResponseMode;
    readonly callbackPath: string;
    readonly signedOutCallbackPath: string;
    readonly remoteSignOutPath: string;
    readonly backChannelLogoutPath: string;
    readonly adminConsentCallbackPath: string;
  };
  readonly tokenCache: {
    /** The URI of the store, such as `redis://127.0.0.1:6379`. */
    readonly store: string;
    /** The first part of every name in the store. */
    readonly instanceName: string;
    /** Where a database keeps its table, and the table's name; `undefined` for the store's own. */
    readonly schemaName: string | undefined;
    readonly tableName: string | undefined;
    /** 32 bytes each; the first seals, all open. */
    readonly encryptionKeys: readonly Buffer[];
    /** 32 bytes: keys the names of accounts. */
    readonly indexKey: Buffer;
  };
  readonly session: {
    readonly idleMinutes: number;
    readonly absoluteHours: number;
    /** Whether a session ends with the ID token it began with, if that is sooner. */
    readonly useTokenLifetime: boolean;
    /** Whether every sign-out ends the account everywhere, and its tokens at once. */
    readonly signOutEverywhere: boolean;
    /** Whether signing out everywhere ends the account's sessions at the authority too, by Graph. */
    readonly revokeSignInSessions: boolean;
    /** The authentication context that the account page asks for; `undefined` for none. */
    readonly accountContext: string | undefined;
  };
  /** In the order they are written. */
  readonly downstreamApis: readonly DownstreamApi[];
}
