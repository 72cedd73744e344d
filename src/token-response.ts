/** What the authority's token endpoint gave: made by authority/, kept by broker/. */

/** Who an ID token speaks of, taken from its checked claims and the response's `client_info`. */
export interface Identity {
  /** `uid.utid` of `client_info`, else `oid.tid`, else `iss` and `sub`; stable for one person and one authority. */
  readonly accountId: string;
  readonly issuer: string;
  readonly subject: string;
  readonly tenantId: string | undefined;
  readonly objectId: string | undefined;
  readonly name: string | undefined;
  /** `preferred_username` or `email`: for display and as a hint, never for a decision. */
  readonly username: string | undefined;
  /** The opaque `login_hint` optional claim: the best hint for a new sign-in and for sign-out. */
  readonly loginHint: string | undefined;
  /** The authority's session id, which front-channel sign-out names. */
  readonly sid: string | undefined;
}

/** A token response whose ID token passed every check. */
export interface TokenResponse {
  readonly accessToken: string;
  /** Absent when none came back: the one in use stays good. */
  readonly refreshToken: string | undefined;
  /** The scopes granted, as sent: may be more or fewer than asked, with or without resource prefix. */
  readonly scopes: readonly string[];
  readonly expiresInSeconds: number;
  readonly refreshInSeconds: number | undefined;
  /** Absent only when a refresh brought no ID token (plain OpenID Connect allows it). */
  readonly identity: Identity | undefined;
}

/** A request to use a refresh token. */
export interface RefreshRequest {
  readonly refreshToken: string;
  /** Scopes of one resource. */
  readonly scopes: readonly string[];
  /** The tenant to be given tokens of, where that is not the one people sign in to; Entra ID only. */
  readonly tenantId?: string | undefined;
  /** A claims request (OpenID Connect Core §5.5), as JSON text. */
  readonly claims?: string | undefined;
  readonly accountId: string;
  /** Called synchronously just before the request leaves this process; what it throws aborts the request unsent. */
  beforeSend(): void;
}

/**
 * The answer to a refresh. `unverified`: tokens came, but their ID token could not be checked now
 * (a signing key not known yet); the refresh token it brought must not be lost, nothing else is used.
 */
export type RefreshAnswer =
  | { readonly kind: 'verified'; readonly response: TokenResponse }
  | {
      readonly kind: 'unverified';
      readonly refreshToken: string | undefined;
      /** The account named by the unchecked answer, to be compared before anything is kept. */
      readonly accountId: string | undefined;
      readonly cause: Error;
    };

/**
 * Uses a refresh token at the authority, once.
 *
 * @throws {SignInRequired} the authority wants the person: `refresh-token-dead`, `consent` or `interaction`.
 * @throws {Unavailable} no answer, or one that says to come back later; `outcome` tells if it may have been used.
 * @throws {Misconfigured} the authority refuses this site itself.
 */
export type Refresh = (request: RefreshRequest) => Promise<RefreshAnswer>;

/** A request for an access token of this site itself, without any person (RFC 6749 §4.4). */
export interface AppTokenRequest {
  /** At Entra ID one scope alone: the resource with `/.default`. */
  readonly scopes: readonly string[];
  /** As in `RefreshRequest`; needed where people of several tenants sign in. */
  readonly tenantId?: string | undefined;
  readonly claims?: string | undefined;
  /** As in `RefreshRequest`. */
  beforeSend(): void;
}

export type AppTokenResponse = Pick<
  TokenResponse,
  'accessToken' | 'scopes' | 'expiresInSeconds' | 'refreshInSeconds'
>;

/**
 * Asks for an access token of this site itself.
 *
 * @throws {Unavailable} no answer, or one that says to come back later.
 * @throws {Misconfigured} the authority refuses this site, or an administrator has not consented.
 */
export type RequestAppToken = (request: AppTokenRequest) => Promise<AppTokenResponse>;
