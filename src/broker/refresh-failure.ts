/** Says that the authority did not refresh an account's tokens: to the log, and as an audit event. */
import { type Audit, type RefreshFailure, shownResource } from '../audit.ts';
import {
  ApiFailed,
  AppError,
  Forbidden,
  Misconfigured,
  SignInFailed,
  SignInRequired,
  Unavailable,
} from '../errors.ts';
import type { Log } from '../log.ts';
import { scopeSet } from '../scope-set.ts';
import type { Identity } from '../token-response.ts';

interface RefusedRefresh {
  readonly identity: Pick<Identity, 'accountId' | 'tenantId'>;
  readonly scopes: readonly string[];
  /** What came in place of tokens; `undefined` when another account's came. */
  readonly error: unknown;
}

/** Once for a flight, however many wait for it. A bug is said elsewhere. */
export function sayRefreshFailed(
  { log, audit }: { readonly log: Log; readonly audit: Audit },
  { identity, scopes, error }: RefusedRefresh,
): void {
  if (error !== undefined && !(error instanceof AppError)) return;
  const outcome = error instanceof Unavailable ? error.outcome : undefined;
  const { error: code, errorCodes } = error?.detail ?? {};
  audit({
    event: 'refresh_failed',
    reason: reasonOf(error),
    resource: shownResource(scopeSet(scopes).resource),
    account: identity.accountId,
    tenantId: identity.tenantId,
    error: code,
    errorCodes,
    outcome,
  });
  if (error === undefined) {
    const about = { event: 'foreign_account_answer' };
    log.error(about, 'a refresh answered for another account: discarded');
    return;
  }
  const about = { event: 'refresh_failed', code: error.code, ...error.detail };
  if (error instanceof Misconfigured) log.error(about, 'the authority refuses this site');
  else if (error instanceof Unavailable) {
    // Of an unknown outcome the refresh token may have been spent.
    log.warn({ ...about, outcome }, 'the authority did not refresh');
  } else log.info(about, 'the authority wants the person');
}

const KINDS = [SignInFailed, Forbidden, Unavailable, ApiFailed] as const;

function reasonOf(error: AppError | undefined): RefreshFailure {
  if (error === undefined) return 'foreign-account';
  if (error instanceof SignInRequired) return error.reason;
  for (const Kind of KINDS) if (error instanceof Kind) return error.code;
  return 'misconfigured';
}
