/** Answers a page that needs more of the person: to the authority for exactly that, and back. */
import { createHash } from 'node:crypto';
import type { SignInRequired } from '../errors.ts';
import { adminConsentPath } from './admin-consent-path.ts';
import { beginSignIn } from './begin-sign-in.ts';
import type { Context, Parts } from './context.ts';
import { hintOf } from './session.ts';
import { pageOf, signInPath, signInPathFor } from './sign-in-links.ts';

/** How long an answered challenge is remembered: one that comes back within it is a loop. */
const LOOP_MS = 60_000;

interface AskedOf {
  readonly scopes: readonly string[];
  readonly claims?: string | undefined;
}

/** Sends the person to sign in or to consent; on a challenge just answered, to a page that says so. */
export async function answerChallenge(
  parts: Parts,
  ctx: Context,
  error: SignInRequired,
): Promise<void> {
  const { settings, cookies, pages } = parts;
  const { account } = ctx.state;
  const returnTo = ctx.state.returnTo ?? pageOf(ctx, settings.site.publicUrl);
  ctx.state.returnTo = returnTo;
  if (error.reason === 'no-session') {
    ctx.redirect(signInPath(returnTo));
    return;
  }
  const scopes = error.scopes.length > 0 ? error.scopes : settings.site.signInScopes;
  const answered = ctx.state.answered ?? cookies.read(ctx, 'answered');
  if (answered === challengeHash({ scopes, claims: error.claims })) {
    ctx.status = 403;
    pages.show(ctx, 'challenge-unchanged', {
      isConsent: error.reason === 'consent',
      scopes,
      retryUrl: signInPathFor(parts, ctx, error),
      adminUrl: error.reason === 'consent' ? adminConsentPath(parts, ctx, scopes) : '',
    });
    return;
  }
  await beginSignIn(parts, ctx, {
    returnTo,
    scopes,
    claims: error.claims,
    loginHint: account && hintOf(account.identity),
    expectedAccountId: account?.id,
    isChallenge: true,
  });
}

/** Notes which challenge this request answers: asked again at once, it is a loop. */
export function noteAnswer(ctx: Context, challenge: AskedOf): void {
  ctx.state.answered = challengeHash(challenge);
}

/** Remembers the challenge this request answered, for the requests that follow. */
export function rememberAnswer({ cookies }: Parts, ctx: Context): void {
  if (ctx.state.answered) cookies.write(ctx, 'answered', ctx.state.answered, LOOP_MS);
}

function challengeHash({ scopes, claims = '' }: AskedOf): string {
  const text = JSON.stringify([scopes.map((scope) => scope.toLowerCase()).sort(), claims]);
  return createHash('sha256').update(text).digest('base64url');
}
