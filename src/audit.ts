/** The audit events: who signed in, who did not and why, and what ended; each is one line of the log. */
import type { AnyAppError, SignInFailure, SignInReason } from './errors.ts';
import type { Log } from './log.ts';

/** What is known of the request behind an event. */
export interface RequestFacts {
  readonly correlationId: string;
  readonly address: string;
  /** The beginning of the session's name, which leads to no session. */
  readonly session?: string | undefined;
}

export interface AccountFacts {
  readonly account: string;
  readonly tenantId?: string | undefined;
}

interface ErrorFacts {
  /** The OAuth error code (RFC 6749 §5.2). */
  readonly error?: string | undefined;
  /** AADSTS numbers. */
  readonly errorCodes?: readonly number[] | undefined;
}

export type SignOutKind =
  | 'here'
  | 'session_ended_from_account_page'
  | 'everywhere'
  | 'front_channel'
  | 'back_channel';

/** Why a sign-in failed: its own reason, or else the kind of failure that came between. */
export type FailedSignInReason =
  | SignInFailure
  | Exclude<AnyAppError['code'], 'sign_in_failed'>
  | 'internal_error';

/** Why a refresh failed: what the authority wants of the person, or else the kind of failure. */
export type RefreshFailure =
  | SignInReason
  | Exclude<AnyAppError['code'], 'sign_in_required'>
  | 'foreign-account';

type Event<Name extends string, Facts> = { readonly event: Name } & Readonly<Facts>;

/**
 * Every audit event. None has a token, code, cookie, state, hint, name, mail address or query.
 *
 * A session that ends by its own limits is no event: nobody did anything.
 */
export type AuditEvent =
  | Event<
      'sign_in',
      RequestFacts & AccountFacts & { how: 'new_session' | 'further_account' | 'renewal' }
    >
  | Event<
      'sign_in_failed',
      RequestFacts &
        Partial<AccountFacts> &
        ErrorFacts & { reason: FailedSignInReason; expectedAccount?: string | undefined }
    >
  | Event<
      'consent',
      RequestFacts &
        Partial<AccountFacts> & { decision: 'given' | 'refused'; scopes: readonly string[] }
    >
  | Event<
      'refresh_failed',
      AccountFacts &
        ErrorFacts & {
          reason: RefreshFailure;
          resource: string;
          /** Whether the refresh token may have been spent. */
          outcome?: 'not-done' | 'unknown' | undefined;
        }
    >
  | Event<'sign_out', RequestFacts & AccountFacts & { kind: SignOutKind }>
  | Event<'session_pushed_out', AccountFacts & { session: string }>
  | Event<'tokens_removed', RequestFacts & AccountFacts & { resource: string }>
  | Event<
      'credential_failover',
      { credential: string; replaced: string; errorCodes?: readonly number[] | undefined }
    >
  | Event<'account_revoked', AccountFacts>
  | Event<'instance_erased', { instance: string; records: number }>;

/** The event of one name. */
export type AuditEventOf<Name extends AuditEvent['event']> = Extract<AuditEvent, { event: Name }>;

export type Audit = (event: AuditEvent) => void;

const MAX_TEXT = 300;
const MAX_LIST = 50;
/** Enough to tell sessions apart. */
const SESSION_DIGITS = 12;

/** Writes each event as a line with `audit: true`, at level info whatever the log's own level is; only a silent log is silent here too. */
export function auditLog(log: Log): Audit {
  const level = log.level === 'silent' ? 'silent' : 'info';
  const lines = log.child({ audit: true }, { level });
  return (event) => {
    const facts = Object.entries(event).map(([name, value]) => [name, bounded(value)]);
    lines.info(Object.fromEntries(facts));
  };
}

/** What an event shows of a session's name. */
export function shownSession(name: string): string {
  return name.slice(0, SESSION_DIGITS);
}

/** What an event calls a resource, of which Microsoft Graph is the one without a name. */
export function shownResource(resource: string): string {
  return resource || 'Microsoft Graph';
}

/** Ids and scopes come from elsewhere, at any length. */
function bounded(value: unknown): unknown {
  if (typeof value === 'string') return value.slice(0, MAX_TEXT);
  return Array.isArray(value) ? value.slice(0, MAX_LIST).map(bounded) : value;
}
