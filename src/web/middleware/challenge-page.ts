/** Takes a person whose page needs a sign-in or a consent straight to the authority. */
import { SignInRequired } from '../../errors.ts';
import { answerChallenge } from '../challenge.ts';
import type { Middleware, Parts } from '../context.ts';
import { isNavigation } from '../wants-page.ts';

export function challengePage(parts: Parts): Middleware {
  return async (ctx, next) => {
    try {
      await next();
    } catch (error) {
      // A redirect is an answer, not a failure; what cannot be redirected goes to the error page.
      if (!(error instanceof SignInRequired) || !isNavigation(ctx)) throw error;
      await answerChallenge(parts, ctx, error);
    }
  };
}
