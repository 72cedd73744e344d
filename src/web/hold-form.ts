/** Answers a form that needs a sign-in or a consent first: says why, and keeps what was written. */
import type { SignInRequired } from '../errors.ts';
import type { Context, Parts } from './context.ts';
import { formFields } from './read-form.ts';
import { scopeWords } from './scope-words.ts';
import { signInPathFor } from './sign-in-links.ts';
import { TRANSACTION_MS } from './sign-in-transaction.ts';

/** Whether the request is a form with something written in it; a button's leads back to its page. */
export function isWrittenForm(ctx: Context): boolean {
  const isForm = ctx.method === 'POST' && ctx.is('application/x-www-form-urlencoded');
  return Boolean(isForm) && ctx.state.returnTo === undefined;
}

/**
 * Not a redirect: CSP's form-action would check every hop of it, and nothing is sent twice unseen.
 *
 * @throws {Unavailable} it cannot be kept now: the person may send it again.
 */
export async function holdForm(parts: Parts, ctx: Context, error: SignInRequired): Promise<void> {
  const { cookies, heldForms, newId, pages } = parts;
  const id = newId();
  const browserId = cookies.readId(ctx, 'transaction') ?? newId();
  const fields = (await formFields(ctx)).filter(([name]) => name !== '_csrf');
  const accountId = ctx.state.account?.id;
  await heldForms.hold(id, browserId, { path: ctx.url, fields, ...(accountId && { accountId }) });
  cookies.write(ctx, 'transaction', browserId, TRANSACTION_MS);
  ctx.state.returnTo = `/again/${id}`;
  ctx.status = 401;
  pages.show(ctx, 'one-more-step', {
    reason: error.reason,
    scopes: error.scopes.map(scopeWords),
    continueUrl: signInPathFor(parts, ctx, error),
  });
}
