/** Takes a person whose page needs a sign-in or a consent straight to the authority. */
import { SignInRequired } from '../../errors.ts';
import { answerChallenge } from '../challenge.ts';
import type { Middleware, Parts } from '../context.ts';
import { holdForm, isWrittenForm } from '../hold-form.ts';
import { isNavigation, wantsPage } from '../wants-page.ts';

export function challengePage(parts: Parts): Middleware {
  return async (ctx, next) => {
    try {
      await next();
    } catch (error) {
      // A redirect is an answer, not a failure; what cannot be redirected goes to the error page.
      if (!(error instanceof SignInRequired)) throw error;
      if (isNavigation(ctx)) await answerChallenge(parts, ctx, error);
      else if (wantsPage(ctx) && isWrittenForm(ctx)) await holdForm(parts, ctx, error);
      else throw error;
    }
  };
}
