/** Catches every failure and answers it: a page for a person, a problem document for a script. */
import { Forbidden, SignInFailed, SignInRequired } from '../../errors.ts';
import { adminConsentPathFor, needsAdministrator } from '../admin-consent-path.ts';
import type { Context, Middleware, Parts } from '../context.ts';
import { type ErrorAnswer, errorAnswer } from '../error-answer.ts';
import { logFailure } from '../error-log.ts';
import { tellFailedSignIn } from '../failed-sign-in.ts';
import { notPermittedData } from '../not-permitted.ts';
import { showProblem } from '../problem-details.ts';
import { type Reference, referenceOf, referenceText } from '../reference.ts';
import { scopeWords } from '../scope-words.ts';
import { signInPathFor } from '../sign-in-links.ts';
import { wantsPage } from '../wants-page.ts';
import { setSecurityHeaders } from './security-headers.ts';

/** Headers that described the answer which did not come about; cookies stay. */
const OF_THE_BODY =
  /^(content-|etag$|last-modified$|location$|refresh$|accept-ranges$|retry-after$)/;

/** Stands outside the session, so that the cookies a request set survive its failure. */
export function errorPage(parts: Parts): Middleware {
  return async (ctx, next) => {
    try {
      await next();
      if (ctx.body === undefined && ctx.status >= 400) ctx.throw(ctx.status);
    } catch (error) {
      const answer = errorAnswer(error, ctx.method !== 'GET' && ctx.method !== 'HEAD');
      logFailure(parts.log, ctx, error, answer);
      tellFailedSignIn(parts, ctx, error);
      answerFailure(parts, ctx, error, answer);
    }
  };
}

function answerFailure(parts: Parts, ctx: Context, error: unknown, answer: ErrorAnswer): void {
  const reference = referenceOf(ctx, error, parts.now());
  const isPage = wantsPage(ctx);
  for (const name of Object.keys(ctx.response.headers))
    if (OF_THE_BODY.test(name)) ctx.remove(name);
  setSecurityHeaders(ctx, parts.settings.site.secure);
  ctx.set(answer.headers);
  if (isPage) showPage(parts, ctx, error, answer, reference);
  else showProblem(parts, ctx, { error, answer, reference });
  ctx.status = answer.status;
}

function showPage(
  parts: Parts,
  ctx: Context,
  error: unknown,
  answer: ErrorAnswer,
  reference: Reference,
): void {
  const data = { ...answer, reference: referenceText(reference), retryUrl: retryUrl(ctx) };
  if (error instanceof SignInFailed && error.reason === 'declined') {
    parts.pages.show(ctx, 'declined', {
      ...data,
      scopes: error.scopes.map(scopeWords),
      isForAdministrator: needsAdministrator(error),
      adminUrl: adminConsentPathFor(parts, ctx, error),
    });
  } else if (error instanceof Forbidden && error.missing) {
    parts.pages.show(ctx, 'not-permitted', {
      ...data,
      ...notPermittedData(parts, ctx, error.missing),
    });
  } else if (ctx.state.refusedTenant) {
    parts.pages.show(ctx, 'tenant-not-allowed', { ...data, refused: ctx.state.refusedTenant });
  } else if (ctx.state.otherAccount) {
    parts.pages.show(ctx, 'confirm-account', { ...data, other: ctx.state.otherAccount });
  } else {
    const signInUrl = error instanceof SignInRequired ? signInPathFor(parts, ctx, error) : '';
    parts.pages.show(ctx, 'error', { ...data, signInUrl });
  }
}

/** An empty link means "this very address", so that no query is written into the page. */
function retryUrl(ctx: Context): string {
  return ctx.state.retryUrl ?? (ctx.method === 'GET' ? '' : '/');
}
