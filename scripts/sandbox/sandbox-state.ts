/** All that a running sandbox remembers and all the faults it is told to make. */
import type { Membership, Tenant, User } from './directory.ts';
import type { DriveItem } from './drive-items.ts';
import type { Faults } from './faults.ts';
import type {
  RefreshTokenMode,
  RequestRecord,
  SandboxApp,
  SentMail,
  Upload,
} from './sandbox-options.ts';
import type { SigningKeys } from './signing-keys.ts';
import type { UploadSession } from './upload-session.ts';

/** What a person gave an app: carried from code to refresh token to refresh token. */
export interface Grant {
  readonly clientId: string;
  readonly user: User;
  readonly membership: Membership;
  readonly sid: string;
  /** When the person last proved who they are. */
  readonly authenticatedAt: number;
  readonly strong: boolean;
  /** All refresh tokens that came of one sign-in. */
  readonly family: string;
}

export interface AuthorizationCode extends Grant {
  readonly redirectUri: string;
  /** The tenant segment of the authority it was issued at. */
  readonly authority: string;
  readonly scope: string;
  readonly nonce: string | undefined;
  readonly codeChallenge: string | undefined;
  readonly clientInfo: boolean;
  /** The claims request that the sign-in was asked with. */
  readonly claims: string | undefined;
  readonly expiresAt: number;
  redeemed: boolean;
}

export interface RefreshToken extends Grant {
  readonly scope: string;
  readonly issuedAt: number;
  used: boolean;
}

/** One person signed in in one browser. */
export interface BrowserSession {
  readonly sid: string;
  readonly authenticatedAt: number;
  strong: boolean;
  /** Apps that were given a code in it, for front-channel sign-out. */
  readonly clientIds: Set<string>;
}

/** The people signed in in one browser, by user id. */
export type Browser = Map<string, BrowserSession>;

/** An authorization request on its way through the pages. */
export interface Flow {
  readonly id: string;
  readonly authority: string;
  readonly app: SandboxApp;
  readonly redirectUri: string;
  readonly parameters: URLSearchParams;
  readonly startedAt: number;
  /** Whether an administrator is asked for everyone, and no one signs in. */
  readonly isAdminConsent: boolean;
  user?: User;
  /** Whether the person proved themselves in this very request, as `prompt=login` wants. */
  authenticated: boolean;
  consented: boolean;
}

export interface SandboxState {
  /** The authority's instance, with a trailing slash. */
  readonly url: URL;
  readonly now: () => number;
  readonly apps: Map<string, SandboxApp>;
  readonly keys: SigningKeys;
  readonly flows: Map<string, Flow>;
  readonly browsers: Map<string, Browser>;
  readonly codes: Map<string, AuthorizationCode>;
  readonly refreshTokens: Map<string, RefreshToken>;
  /** Families that no longer refresh. */
  readonly revokedFamilies: Set<string>;
  /** Prefixed scopes by person or organisation, app and tenant. */
  readonly consents: Map<string, Set<string>>;
  readonly usedAssertions: Set<string>;
  /** By application and SHA-256 thumbprint. */
  readonly revokedCertificates: Set<string>;
  readonly requests: RequestRecord[];
  readonly sentMail: SentMail[];
  readonly uploads: Upload[];
  /** Uploaded files by user id and name. */
  readonly uploaded: Map<string, Map<string, DriveItem>>;
  readonly uploadSessions: Map<string, UploadSession>;
  /** What the addresses of the file host prove themselves with. */
  readonly fileSecret: string;
  readonly faults: Faults;
  /** Event streams that callers hold open. */
  openStreams: number;
  /** The serial number of the newest access token. */
  serial: number;
  refreshTokenMode: RefreshTokenMode;
  accessTokenSeconds: number;
  latencyMs: number;
}

type Consenter = Pick<Grant, 'clientId' | 'user' | 'membership'>;

/** Names what one person agreed to for one app in one tenant. */
const consentKey = ({ clientId, user, membership }: Consenter): string =>
  `${clientId} ${user.id} ${membership.tenant.id}`;

/** Names what an administrator agreed to for everyone in a tenant. */
export const organisationKey = (clientId: string, tenantId: string): string =>
  `${clientId} * ${tenantId}`;

/** The scopes that this person, or an administrator for all, agreed to so far. */
export function consentsOf(state: SandboxState, consenter: Consenter): ReadonlySet<string> {
  const all = organisationKey(consenter.clientId, consenter.membership.tenant.id);
  return new Set(
    [consentKey(consenter), all].flatMap((key) => [...(state.consents.get(key) ?? [])]),
  );
}

/** Keeps an agreement: for everyone in the tenant if `forOrganisation`, which the caller has checked. */
export function keepConsent(
  state: SandboxState,
  consenter: Consenter,
  scopes: readonly string[],
  forOrganisation: boolean,
): void {
  const { clientId, membership } = consenter;
  const all = organisationKey(clientId, membership.tenant.id);
  const key = forOrganisation ? all : consentKey(consenter);
  state.consents.set(key, new Set([...(state.consents.get(key) ?? []), ...scopes]));
}

/** Whether the tenant knows the app. */
export function isInstalled(app: SandboxApp, { domain }: Tenant): boolean {
  return app.tenants?.includes(domain) ?? true;
}

/** Whether `uri` is registered: exactly, or on http://localhost but for the port. */
export function isRegistered(app: SandboxApp, uri: string): boolean {
  if (app.redirectUris.includes(uri)) return true;
  return app.redirectUris.some((registered) => {
    const [theirs, ours] = [URL.parse(uri), URL.parse(registered)];
    if (!theirs || !ours || ours.protocol !== 'http:' || ours.hostname !== 'localhost')
      return false;
    theirs.port = ours.port;
    return theirs.href === ours.href;
  });
}
