/** The callback: takes the transaction, redeems the code, keeps the account, renews the session. */
import { ownName } from '../../authority/own-name.ts';
import type { CodeRedemption, RedeemedCode } from '../../authority/redeem-code.ts';
import { SignInFailed } from '../../errors.ts';
import { callbackUrl } from '../begin-sign-in.ts';
import { noteAnswer, rememberAnswer } from '../challenge.ts';
import type { Context, Middleware, Parts } from '../context.ts';
import { type Entered, enterSession } from '../enter-session.ts';
import { oneResource } from '../one-resource.ts';
import { refuseTenant } from '../refuse-tenant.ts';
import { accountFacts, requestFacts } from '../request-facts.ts';
import { activeAccount, sessionName } from '../session.ts';
import { signInPath } from '../sign-in-links.ts';
import type { Transaction } from '../sign-in-transaction.ts';

export function callback(parts: Parts): Middleware {
  const { settings, cookies, transactions, postedAnswers, limitSignIns, hooks } = parts;
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
    ctx.state.expectedAccountId = transaction.expectedAccountId;
    ctx.state.retryUrl = retryPath(parts, transaction);
    if (transaction.isChallenge) noteAnswer(ctx, transaction);
    refuseOtherAuthority(settings, transaction);
    const askedScopes = oneResource(transaction.scopes);
    const { nonce, codeVerifier, claims } = transaction;
    const redirectUri = callbackUrl(settings);
    // Once the sign-in is this browser's: and then no query will do for an answer that was not posted.
    const answer = isPosted ? await postedAnswers.take(state) : query;
    const request = { callback: answer, redirectUri, state, nonce, codeVerifier, claims };
    const redeemed = await redeem(parts, ctx, transaction, { ...request, scopes: askedScopes });
    ctx.state.answeredBy = redeemed.identity;
    refuseTenant(settings, ctx, redeemed);
    refuseOtherAccount(ctx, transaction, redeemed);
    const { roles } = await hooks.signIn(redeemed.identity, redeemed.claims);
    const { begunAt } = transaction;
    const entered = await enterSession(parts, ctx, { redeemed, askedScopes, roles, begunAt });
    tell(parts, ctx, transaction, redeemed, entered);

    rememberAnswer(parts, ctx);
    cookies.clear(ctx, 'signedOut');
    ctx.status = 303;
    ctx.redirect(transaction.returnTo);
  };
}

/** A code is sent to whoever gave it, and to nobody else: settings may have changed since. */
function refuseOtherAuthority({ azureAd }: Parts['settings'], { authority }: Transaction): void {
  if (authority === undefined || authority === ownName(azureAd)) return;
  const message = 'This site was changed while you were signing in. Start again.';
  throw new SignInFailed('transaction-missing', message);
}

/** Redeems the code; that a consent was declined is an event of its own. */
async function redeem(
  { authority, audit }: Parts,
  ctx: Context,
  { isChallenge, scopes }: Transaction,
  redemption: CodeRedemption,
): Promise<RedeemedCode> {
  try {
    return await authority.redeemCode(redemption);
  } catch (error) {
    if (isChallenge && error instanceof SignInFailed && error.reason === 'declined') {
      const { account } = ctx.state;
      const whose = account && accountFacts(account.identity);
      audit({ event: 'consent', decision: 'refused', scopes, ...whose, ...requestFacts(ctx) });
    }
    throw error;
  }
}

/** What was done is told once it is done. */
function tell(
  { audit }: Parts,
  ctx: Context,
  { isChallenge, scopes }: Transaction,
  { identity }: RedeemedCode,
  how: Entered,
): void {
  const facts = {
    ...accountFacts(identity),
    ...requestFacts(ctx, sessionName(ctx.state.nextSessionId ?? '')),
  };
  audit({ event: 'sign_in', how, ...facts });
  if (isChallenge && scopes.length > 0)
    audit({ event: 'consent', decision: 'given', scopes, ...facts });
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
