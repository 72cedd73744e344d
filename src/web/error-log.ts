/** Writes failures to the log, each as loudly as someone has to act on it. */
import { AppError, Misconfigured, SignInFailed, SignInRequired, Unavailable } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Context } from './context.ts';
import type { ErrorAnswer } from './error-answer.ts';
import { loggedPath } from './logged-path.ts';

/** `name`: whether the request failed, or a part of its page. */
export function logFailure(
  log: Log,
  ctx: Context,
  error: unknown,
  answer: ErrorAnswer,
  name: 'request_failed' | 'part_failed' = 'request_failed',
): void {
  const { correlationId } = ctx.state;
  const event = {
    event: name,
    code: answer.code,
    status: answer.status,
    method: ctx.method,
    path: loggedPath(ctx),
    correlationId,
    ...factsOf(error),
  };
  if (isGone(ctx)) log.info({ ...event, event: 'client_gone' }, 'the browser went away');
  else log[levelOf(error, answer)](event, answer.title);
}

/** What fails after the browser has gone failed because of that, and wakes nobody. */
function isGone({ req, res }: Context): boolean {
  return req.aborted || (res.destroyed && !res.writableFinished);
}

function levelOf(error: unknown, { status }: ErrorAnswer): 'debug' | 'info' | 'warn' | 'error' {
  if (error instanceof SignInRequired) return 'debug';
  if (error instanceof Misconfigured) return 'error';
  if (error instanceof Unavailable) return 'warn';
  if (error instanceof AppError) return status >= 500 ? 'warn' : 'info';
  return status >= 500 ? 'error' : 'info';
}

/** Chosen one by one: what a library hangs on its errors may hold a token. */
function factsOf(error: unknown): object {
  if (!(error instanceof Error)) return { problem: typeof error };
  const facts = { name: error.name, problem: error.message, ...causeOf(error) };
  if (error instanceof SignInFailed || error instanceof SignInRequired) {
    return { ...facts, reason: error.reason, detail: error.detail };
  }
  if (error instanceof AppError) return { ...facts, detail: error.detail };
  return { ...facts, stack: error.stack };
}

function causeOf({ cause }: Error): object {
  return cause instanceof Error ? { cause: `${cause.name}: ${cause.message}` } : {};
}
