/** The closed family of foreseen failures, one class for each thing that is done about it. */

/** What only a log may show: identifiers that support asks for; never a token, code or cookie. */
export interface ErrorDetail {
  /** The OAuth error code (RFC 6749 §5.2) or an error code of an API. */
  readonly error?: string;
  /** AADSTS numbers, for help texts and credential rotation only. */
  readonly errorCodes?: readonly number[];
  readonly traceId?: string;
  readonly correlationId?: string;
  readonly timestamp?: string;
  /** The name of the API that answered, and its HTTP status. */
  readonly api?: string;
  readonly apiStatus?: number;
}

interface ErrorOptions {
  readonly cause?: unknown;
  readonly detail?: ErrorDetail;
}

/** A foreseen failure; `message` may be shown to the person, `cause` and `detail` are for the log. */
export abstract class AppError extends Error {
  abstract readonly code: string;
  abstract readonly status: number;
  readonly detail: ErrorDetail;

  constructor(message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.detail = options.detail ?? {};
  }
}

/** Why a new sign-in is needed. */
export type SignInReason =
  /** No session, or a session whose account is gone. */
  | 'no-session'
  /** The refresh token is absent or dead. */
  | 'refresh-token-dead'
  /** Consent to `scopes` is missing; the refresh token is still good. */
  | 'consent'
  /** The authority or an API wants more of the person (`claims`); the refresh token is still good. */
  | 'interaction';

/** The person has to go to the authority: a page redirects, a fetch is answered 401. */
export class SignInRequired extends AppError {
  readonly code = 'sign_in_required';
  readonly status = 401;
  readonly reason: SignInReason;
  readonly scopes: readonly string[];
  readonly claims: string | undefined;

  constructor(
    reason: SignInReason,
    options: ErrorOptions & { scopes?: readonly string[]; claims?: string | undefined } = {},
  ) {
    super('You need to sign in to see this.', options);
    this.reason = reason;
    this.scopes = options.scopes ?? [];
    this.claims = options.claims;
  }
}

/** What went wrong in a sign-in, for the page that offers the next step and for the count. */
export type SignInFailure =
  | 'transaction-missing'
  | 'wrong-browser'
  | 'declined'
  | 'refused-by-authority'
  | 'bad-answer'
  | 'other-account'
  /** A sign-out overtook it. */
  | 'ended-meanwhile'
  /** The tenant signed in to is not among those that are let in. */
  | 'tenant-not-allowed'
  /** By the site's own hook. */
  | 'refused-by-site';

/** A sign-in that did not end well; the page says how to try again. */
export class SignInFailed extends AppError {
  readonly code = 'sign_in_failed';
  readonly status = 400;
  readonly reason: SignInFailure;
  /** The scopes that were asked for, when they were declined. */
  readonly scopes: readonly string[];

  constructor(
    reason: SignInFailure,
    message: string,
    options: ErrorOptions & { scopes?: readonly string[] } = {},
  ) {
    super(message, options);
    this.reason = reason;
    this.scopes = options.scopes ?? [];
  }
}

/** What would let an account in: any one of the app roles, or of the groups by their object ids. */
export type Missing =
  | { readonly roles: readonly string[] }
  | { readonly groups: readonly string[] };

/** A request that this site refuses: cross-site writes, gateway paths not opened, accounts not allowed. */
export class Forbidden extends AppError {
  readonly code = 'forbidden';
  readonly status = 403;
  /** Where the account lacks something that can be given to it. */
  readonly missing: Missing | undefined;

  constructor(message: string, options: ErrorOptions & { missing?: Missing } = {}) {
    super(message, options);
    this.missing = options.missing;
  }
}

/**
 * The authority, the store or an API is away or busy. Nothing was deleted, nobody is signed out.
 *
 * `outcome` tells what became of a request that was under way: `not-done` it certainly had no
 * effect, `unknown` it may have had one.
 */
export class Unavailable extends AppError {
  readonly code = 'unavailable';
  readonly status = 503;
  readonly retryAfterSeconds: number;
  /** Whether whoever is away named that time. */
  readonly isRetryAfterGiven: boolean;
  readonly outcome: 'not-done' | 'unknown';
  /** Whether quiet is asked of this site as a whole, not for one account. */
  readonly isForAll: boolean;

  constructor(
    message: string,
    options: ErrorOptions & {
      retryAfterSeconds?: number | undefined;
      outcome?: 'not-done' | 'unknown';
      isForAll?: boolean;
    } = {},
  ) {
    super(message, options);
    this.retryAfterSeconds = Math.max(1, options.retryAfterSeconds ?? 5);
    this.isRetryAfterGiven = options.retryAfterSeconds !== undefined;
    this.outcome = options.outcome ?? 'not-done';
    this.isForAll = options.isForAll ?? false;
  }
}

/** An API answered, and the answer is no good: 403, 404, 5xx, a body that is not what was asked for. */
export class ApiFailed extends AppError {
  readonly code = 'api_failed';
  readonly status = 502;
}

/** Our own registration, credential or configuration is at fault: the operator must act, not the person. */
export class Misconfigured extends AppError {
  readonly code = 'misconfigured';
  readonly status = 500;
}

/** Every foreseen failure, so that a `switch` on `code` is exhaustive. */
export type AnyAppError =
  | SignInRequired
  | SignInFailed
  | Forbidden
  | Unavailable
  | ApiFailed
  | Misconfigured;
