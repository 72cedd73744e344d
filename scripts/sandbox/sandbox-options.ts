/** What a sandbox is started with, and the record it keeps of each request. */
import type { JSONWebKeySet } from 'jose';

/** A client secret as the portal keeps it; a plain string is one without an id that never expires. */
export interface SandboxSecret {
  /** What the portal shows beside the value: people send it by mistake. */
  readonly secretId: string;
  readonly value: string;
  /** In epoch milliseconds of the sandbox's clock; never by default. */
  readonly expiresAt?: number;
}

/** A registration by subject name and issuer: any certificate of that name and of such a root is trusted. */
export interface TrustedChain {
  /** The common name of the certificate that signs. */
  readonly subjectName: string;
  /** In PEM. */
  readonly trustedRoots: readonly string[];
}

/** Another issuer's tokens that an application may prove itself with; all three are matched exactly. */
export interface FederatedCredential {
  /** Names it in the record of requests; the subject by default. */
  readonly name?: string;
  readonly issuer: string;
  readonly subject: string;
  readonly audience: string;
  /** The issuer's keys, or where they are published; the sandbox's own for its own tenants. */
  readonly keys?: JSONWebKeySet | string;
}

/** An application registered at the sandbox. */
export interface SandboxApp {
  readonly clientId: string;
  readonly name: string;
  readonly secrets: readonly (string | SandboxSecret)[];
  /** Certificates in PEM whose keys may sign client assertions. */
  readonly certificates?: readonly string[];
  /** Trusts the chain that assertions bring in `x5c`, and nothing else, in place of `certificates`. */
  readonly requiresX5c?: TrustedChain;
  readonly federatedCredentials?: readonly FederatedCredential[];
  /** Exact, but for the port of `http://localhost`; sign-out may return to these too. */
  readonly redirectUris: readonly string[];
  readonly frontChannelLogoutUrl?: string;
  /** The domains of the tenants it is installed in; all by default. */
  readonly tenants?: readonly string[];
  /** The app roles, prefixed, that administrators gave it; all there are by default. */
  readonly roles?: readonly string[];
  /**
   * Puts `groups` into ID and access tokens, or, for a person in more than 200, `_claim_names` and
   * `_claim_sources`; with `hasgroups`, as where tokens travel in URLs, that claim for more than 5.
   */
  readonly groupClaims?: 'groups' | 'hasgroups';
  /** The app roles that people were assigned in their own organisation, by username. */
  readonly assignments?: Readonly<Record<string, readonly string[]>>;
}

/** An identity that Azure gives to a host. */
export interface ManagedIdentity {
  readonly clientId: string;
  /** The `sub` of its tokens, and what federated credentials name as their subject. */
  readonly objectId: string;
  /** The first tenant of the sandbox by default. */
  readonly tenantId?: string;
  /** Whether it is the one that requests without a name mean. */
  readonly isSystemAssigned?: boolean;
  /** How long its tokens are good for; a day by default. */
  readonly tokenSeconds?: number;
}

/** `reusable` as Entra ID does; `rotating`: single use; `family`: using one twice revokes all that came of it. */
export type RefreshTokenMode = 'reusable' | 'rotating' | 'family';

export interface SandboxOptions {
  /** 0, the default, takes a free port. */
  readonly port?: number;
  /** A loopback address; `127.0.0.1` by default. */
  readonly host?: string;
  /** Key and certificate in PEM; the sandbox then answers on https. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** The host's name in URLs, such as `localhost`; `host` by default. */
  readonly publicHost?: string;
  /** `demoApp` alone by default. */
  readonly apps?: readonly SandboxApp[];
  /** Those of the host that the application runs on; `demoIdentity` alone by default. */
  readonly managedIdentities?: readonly ManagedIdentity[];
  readonly refreshTokens?: RefreshTokenMode;
  /** 3600 by default. */
  readonly accessTokenSeconds?: number;
  /** How long each answer of the token endpoint and of the APIs is held back. */
  readonly latencyMs?: number;
  /** The sandbox's clock, in epoch milliseconds. */
  readonly now?: () => number;
}

/** The application of the demo. */
export const demoApp: SandboxApp & { readonly secrets: readonly string[] } = {
  clientId: '4c0c1e46-5ba1-4d0e-9f0b-2c7a6d1f0a11',
  name: 'Concierge',
  secrets: ['sandbox-only-secret'],
  redirectUris: [
    'http://localhost/signin-oidc',
    'http://localhost/signout-callback-oidc',
    'http://localhost/admin-consent-callback',
  ],
  frontChannelLogoutUrl: 'http://localhost:4000/signout-oidc',
  assignments: { 'ada@contoso.example': ['Reports.Reader'] },
};

/** The identity of the host that the demo runs on. */
export const demoIdentity: ManagedIdentity = {
  clientId: '9b6d2f7e-58a1-4c3b-8f0e-1d2c3b4a5f60',
  objectId: 'c5e1f0a2-7d34-4b96-9a8c-6e5d4f3b2a10',
  isSystemAssigned: true,
};

export type SandboxEndpoint =
  | 'discovery'
  | 'keys'
  | 'authorize'
  | 'sign-in'
  | 'token'
  | 'logout'
  | 'admin-consent'
  | 'graph'
  | 'todo'
  | 'files'
  | 'managed-identity'
  | 'other';

/** One message that somebody sent through Graph. */
export interface SentMail {
  /** The sender's username. */
  readonly from: string;
  /** The addresses of all recipients, those of copies too. */
  readonly to: readonly string[];
  readonly subject: string;
  readonly content: string;
  /** `text` or `html`. */
  readonly contentType: string;
  readonly savedToSentItems: boolean;
  /** When, in epoch milliseconds of the sandbox's clock. */
  readonly at: number;
}

/** One file that somebody uploaded through Graph; its bytes are not kept. */
export interface Upload {
  readonly username: string;
  readonly name: string;
  /** In bytes. */
  readonly size: number;
  /** In hexadecimal digits. */
  readonly sha256: string;
}

/** Which credential an application showed: its name, never its value. */
export interface CredentialUse {
  readonly kind: 'secret' | 'certificate' | 'federated';
  /**
   * A secret's id, or its place in the list as `#1`; a certificate's SHA-256 thumbprint in base64url;
   * a federated credential's name.
   */
  readonly name: string;
}

/** One request that the sandbox was sent. */
export interface RequestRecord {
  readonly endpoint: SandboxEndpoint;
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** When it arrived, in epoch milliseconds of the sandbox's clock. */
  readonly at: number;
  /** 0 until it is answered, and for ever if it never is. */
  status: number;
  grantType?: string;
  scope?: string;
  /** The claims request sent to the token endpoint. */
  claims?: string;
  /** What the application proved itself with; known, it may be refused still, as one that expired is. */
  credential?: CredentialUse;
  /** The OAuth error it was answered with. */
  error?: string;
}
