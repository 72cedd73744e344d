/** Answers a script with a problem document (RFC 9457). */
import { Forbidden, type Missing, SignInRequired } from '../errors.ts';
import type { Context, Parts } from './context.ts';
import type { ErrorAnswer } from './error-answer.ts';
import type { Reference } from './reference.ts';
import { signInPathFor } from './sign-in-links.ts';

export interface ProblemDetails {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly reference: Reference;
  /** Where to take the person, so that the same call succeeds afterwards. */
  readonly signInUrl?: string;
  readonly scopes?: readonly string[];
  readonly claims?: string;
  /** Any one of these lets the account in. */
  readonly missing?: Missing;
}

export function showProblem(
  parts: Parts,
  ctx: Context,
  failure: { readonly error: unknown; readonly answer: ErrorAnswer; readonly reference: Reference },
): void {
  const { error, answer, reference } = failure;
  const problem: ProblemDetails = {
    type: `urn:concierge:problem:${answer.code}`,
    title: answer.title,
    status: answer.status,
    detail: `${answer.message} ${answer.advice}`,
    ...(error instanceof SignInRequired && signInMembers(parts, ctx, error)),
    ...(error instanceof Forbidden && error.missing && { missing: error.missing }),
    reference,
  };
  ctx.type = 'application/problem+json';
  ctx.body = JSON.stringify(problem);
}

function signInMembers(parts: Parts, ctx: Context, error: SignInRequired) {
  const { scopes, claims } = error;
  return {
    signInUrl: new URL(signInPathFor(parts, ctx, error), parts.settings.site.publicUrl).href,
    ...(scopes.length > 0 && { scopes }),
    ...(claims && { claims }),
  };
}
