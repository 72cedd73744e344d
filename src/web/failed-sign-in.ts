/** Tells the audit log and the site's hook of every sign-in that failed, where failures are caught. */
import { HttpError } from 'koa';
import type { FailedSignInReason } from '../audit.ts';
import {
  ApiFailed,
  AppError,
  Forbidden,
  Misconfigured,
  SignInFailed,
  SignInRequired,
  Unavailable,
} from '../errors.ts';
import type { FailedSignIn } from '../hooks.ts';
import type { Context, Parts } from './context.ts';
import { accountFacts, requestFacts } from './request-facts.ts';

/** Says nothing of failures that have nothing to do with a sign-in. */
export function tellFailedSignIn(
  { audit, hooks, settings }: Pick<Parts, 'audit' | 'hooks' | 'settings'>,
  ctx: Context,
  error: unknown,
): void {
  const isCallback = ctx.path === settings.azureAd.callbackPath;
  if (!isCallback && !(error instanceof SignInFailed)) return;
  // Koa's own refusals, such as "too many": the sign-in may still be completed.
  if (error instanceof HttpError && error.expose) return;
  // Nor does a posted answer that breaks off, which anyone may send.
  if (ctx.method === 'POST' && !(error instanceof AppError)) return;
  const { expectedAccountId: expectedAccount, answeredBy } = ctx.state;
  const { error: code, errorCodes } = error instanceof AppError ? error.detail : {};
  const failure: FailedSignIn = {
    reason: reasonOf(error),
    ...(expectedAccount !== undefined && { expectedAccount }),
    ...(answeredBy && accountFacts(answeredBy)),
    ...(code !== undefined && { error: code }),
    ...(errorCodes && { errorCodes }),
    ...requestFacts(ctx),
  };
  audit({ event: 'sign_in_failed', ...failure });
  hooks.signInFailed(failure);
}

const KINDS = [SignInRequired, Forbidden, Unavailable, ApiFailed, Misconfigured] as const;

function reasonOf(error: unknown): FailedSignInReason {
  if (error instanceof SignInFailed) return error.reason;
  for (const Kind of KINDS) if (error instanceof Kind) return error.code;
  return 'internal_error';
}
