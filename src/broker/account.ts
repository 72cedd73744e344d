/** What callers of the broker hold: accounts by id and epoch, access tokens, what to ask for. */
import type { ReadOptions } from '../storage/storage.ts';
import type { Identity } from '../token-response.ts';
import type { AccountOverview } from './account-overview.ts';

/** One person at one authority, as a session refers to them. */
export interface Account {
  readonly id: string;
  /** Changes when the account is ended everywhere: a session with another epoch is no longer valid. */
  readonly epoch: string;
}

/** An account with the claims it last signed in with, for display and hints. */
export interface AccountDetails extends Account {
  readonly identity: Identity;
}

/** An access token and the instant (epoch milliseconds) at which it expires. */
export interface AccessToken {
  readonly value: string;
  readonly expiresAt: number;
}

/** What an access token is wanted for. */
export interface TokenRequest {
  /** Scopes of one resource. */
  readonly scopes: readonly string[];
  /** A tenant (GUID or domain) other than the one signed in to, whose APIs are meant; Entra ID only. */
  readonly tenantId?: string | undefined;
  /** A claims challenge (JSON text) that the token must answer. */
  readonly claims?: string | undefined;
  /** The access token an API has just refused: another one is wanted. */
  readonly refused?: string | undefined;
  /** Whether a newer token is wanted than the one kept now, which stays if none is to be had. */
  readonly forceRefresh?: true | undefined;
}

/** The side of the token broker that routes and API clients use. */
export interface Broker {
  /**
   * A valid access token: the one kept, or a new one by a refresh shared with all who want the same.
   *
   * @throws {SignInRequired} nothing kept can give one without the person.
   * @throws {Unavailable} the authority or the store does not answer; nothing was lost.
   * @throws {Misconfigured} the authority refuses this site itself.
   */
  acquireToken(account: Account, request: TokenRequest): Promise<AccessToken>;
  /**
   * A valid access token of this site itself, without any person, shared in the same way. At Entra
   * ID the scope is the resource's with `/.default`.
   *
   * @throws {Unavailable} the authority or the store does not answer.
   * @throws {Misconfigured} the authority refuses it: the operator or an administrator has to act.
   */
  acquireAppToken(request: TokenRequest): Promise<AccessToken>;
  /**
   * The account as kept, or `undefined` if it was ended, or this session of it signed out. With
   * `near` an end made by another process within the last 1.5 s may be missed.
   *
   * @throws {Unavailable}
   */
  describe(
    account: Account,
    sessionId: string,
    options?: ReadOptions,
  ): Promise<AccountDetails | undefined>;
  /**
   * What is kept of the account, never a token; `undefined` as `describe` says.
   *
   * @throws {Unavailable}
   */
  inspect(
    account: Account,
    sessionId: string,
    options?: ReadOptions,
  ): Promise<AccountOverview | undefined>;
  /**
   * Drops one kept access token by its id in the overview; nothing if it is gone. A refresh under
   * way may bring another.
   *
   * @throws {Unavailable} it may still be there.
   */
  removeToken(account: Account, tokenId: string): Promise<void>;
  /**
   * Keeps what a redeemed code brought, under a new grant, and ties `sessionId` to the account.
   *
   * @throws {SignInFailed} `ended-meanwhile`: the account was ended since this sign-in began, or the
   * session that it goes on from.
   * @throws {Unavailable} the store did not take it; nothing is half-kept.
   */
  keep(redemption: Redemption): Promise<Account>;
  /**
   * Ties the session `to` as well, for as long as `from` is; `false` if that one is not tied. For
   * a session that goes on under a new id.
   *
   * @throws {Unavailable}
   */
  tie(account: Account, from: string, to: string): Promise<boolean>;
  /**
   * Ends a session, and one that goes on from it: the last one takes the account's tokens with it.
   *
   * @throws {Unavailable}
   */
  forget(account: Account, sessionId: string): Promise<void>;
  /** Unties a session that has gone on under a new id, and that one alone. @throws {Unavailable} */
  untie(account: Account, sessionId: string): Promise<void>;
  /**
   * Ends an account everywhere: its tokens are gone, and all its sessions with them. What is being
   * refreshed for it is thrown away, and so are its sign-ins that are under way. Where `begunBy` is
   * given (epoch milliseconds), what is known to have begun later than that stays.
   *
   * @returns the sessions that ended, as far as they can be read.
   * @throws {Unavailable} it may not have ended: running it again is safe.
   */
  revoke(accountId: string, begunBy?: number): Promise<readonly string[]>;
}

/** A redeemed code, ready to be kept. */
export interface Redemption {
  readonly identity: Identity;
  readonly accessToken: string;
  readonly refreshToken: string | undefined;
  /** Granted, as sent by the authority. */
  readonly scopes: readonly string[];
  /** Asked for; empty when only the person's identity was asked for. */
  readonly askedScopes: readonly string[];
  readonly expiresInSeconds: number;
  readonly refreshInSeconds: number | undefined;
  /** A name of the session, as an unguessable id's hash. */
  readonly sessionId: string;
  /** The session of this account that it goes on from, which must not have ended meanwhile. */
  readonly from?: string | undefined;
  /** When the session ends at the latest, if that is sooner than sessions do (epoch milliseconds). */
  readonly sessionEndsAt?: number | undefined;
  /** When the sign-in was begun: one that was begun before the account was ended is not kept. */
  readonly begunAt: number;
}
