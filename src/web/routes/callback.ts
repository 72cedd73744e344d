/** The callback: takes the transaction, redeems the code, keeps the account, renews the session. */
import type { RedeemedCode } from '../../authority/redeem-code.ts';
import { SignInFailed, Unavailable } from '../../errors.ts';
import { callbackUrl } from '../begin-sign-in.ts';
import { noteAnswer, rememberAnswer } from '../challenge.ts';
import type { Context, Middleware, Parts } from '../context.ts';
import { oneResource } from '../one-resource.ts';
import { activeAccount, newSession, sessionName } from '../session.ts';
import { signInPath } from '../sign-in-links.ts';
import type { Transaction } from '../sign-in-transaction.ts';

export function callback(parts: Parts): Middleware {
  const { settings, authority, cookies, transactions, postedAnswers, limitSignIns } = parts;
  const isPosted = settings.azureAd.responseMode === 'form_post';
  return async (ctx) => {
    ctx.state.retryUrl = '/sign-in';
    await limitSignIns(ctx);
    const query = new URLSearchParams(ctx.querystring);
    const state = query.get('state') ?? '';
    const taken = await transactions.take(state, cookies.readId(ctx, 'transaction'));
    if (taken.status !== 'taken') {
      // The back button, a second click, a bookmark: whoever is signed in has what they came for.
      if (!ctx.state.account) throw notOpen(taken.status);
      ctx.status = 303;
      ctx.redirect('/');
      return;
    }

    const { transaction } = taken;
    ctx.state.returnTo = transaction.returnTo;
    ctx.state.retryUrl = retryPath(parts, transaction);
    if (transaction.isChallenge) noteAnswer(ctx, transaction);
    const askedScopes = oneResource(transaction.scopes);
    const { nonce, codeVerifier } = transaction;
    const redirectUri = callbackUrl(settings);
    // Once the sign-in is this browser's: and then no query will do for an answer that was not posted.
    const answer = isPosted ? await postedAnswers.take(state) : query;
    const request = { callback: answer, redirectUri, state, nonce, codeVerifier };
    const redeemed = await authority.redeemCode({ ...request, scopes: askedScopes });
    refuseOtherAccount(ctx, transaction, redeemed);
    await signInBrowser(parts, ctx, redeemed, askedScopes);

    rememberAnswer(parts, ctx);
    cookies.clear(ctx, 'signedOut');
    ctx.status = 303;
    ctx.redirect(transaction.returnTo);
  };
}

/** Keeps the tokens, then the new session, and only then ends what was before: nothing is half done. */
async function signInBrowser(
  parts: Parts,
  ctx: Context,
  redeemed: RedeemedCode,
  askedScopes: readonly string[],
): Promise<void> {
  const { broker, sessions, newId, now, log } = parts;
  if (!ctx.session) throw new Error('a callback runs inside the session');
  const before = activeAccount(ctx.session);
  const idBefore = ctx.state.sessionId;
  const id = newId();
  const account = await broker.keep({ ...redeemed, askedScopes, sessionId: sessionName(id) });
  const { identity } = redeemed;
  const record = newSession({ account, identity, csrf: newId(), now: now() });
  await sessions.create(id, record, ctx);

  ctx.session.record = record;
  ctx.state.nextSessionId = id;
  await ctx.session.regenerate();
  if (idBefore === undefined) return;
  try {
    // A session that ended by itself left its tie, most likely to the same account.
    for (const { id: accountId, epoch } of before ? [account, before] : [account]) {
      await broker.forget({ id: accountId, epoch }, sessionName(idBefore));
    }
  } catch (error) {
    // The tie left behind opens nothing and ends by itself; the sign-in stands.
    if (!(error instanceof Unavailable)) throw error;
    log.warn({ event: 'old_session_left', correlationId: ctx.state.correlationId });
  }
}

/**
 * Whoever is signed in by now, or else whom it was begun for, has to answer consent or step-up.
 *
 * @throws {SignInFailed} another account answered; nothing is switched.
 */
function refuseOtherAccount(
  ctx: Context,
  { expectedAccountId, returnTo }: Transaction,
  { identity }: RedeemedCode,
): void {
  if (expectedAccountId === undefined) return;
  const activeId = activeAccount(ctx.session)?.id ?? expectedAccountId;
  if (identity.accountId === activeId) return;
  // A challenge is of use to its own account only.
  if (activeId !== expectedAccountId) ctx.state.retryUrl = returnTo;
  const username = identity.username ?? identity.name ?? 'another account';
  const signInUrl = signInPath(returnTo, { login_hint: identity.username ?? '' });
  ctx.state.otherAccount = { username, signInUrl };
  throw new SignInFailed('other-account', 'You answered with another account than is meant here.');
}

/** Where the same sign-in can be begun again. */
function retryPath({ challenges }: Parts, transaction: Transaction): string {
  const { expectedAccountId: accountId, scopes, claims, returnTo } = transaction;
  if (accountId === undefined) return signInPath(returnTo);
  const challenge = challenges.seal({ accountId, scopes, ...(claims && { claims }) });
  return signInPath(returnTo, { challenge });
}

function notOpen(status: 'missing' | 'wrong-browser'): SignInFailed {
  return status === 'missing'
    ? new SignInFailed(
        'transaction-missing',
        'This sign-in was completed before, or it was begun more than 15 minutes ago.',
      )
    : new SignInFailed(
        'wrong-browser',
        'This sign-in was begun in another browser or before you signed out, or this browser does not keep cookies.',
      );
}
