/** Says on the account page what has just been done there, in words of this list alone. */
import type { Context } from './context.ts';

const NOTICES = {
  refreshed: 'The token is fresh.',
  removed: 'The token is removed.',
  'token-gone': 'That token was not kept any more.',
  'session-ended': 'That session is signed out.',
  'session-gone': 'That session had ended already.',
  switched: 'You have switched to this account.',
};

export type Done = keyof typeof NOTICES;

const WORDS: ReadonlyMap<string, string> = new Map(Object.entries(NOTICES));

/** Leads back to the account page, which says what was done. */
export function backToAccount(ctx: Context, done: Done): void {
  ctx.status = 303;
  ctx.redirect(`/account?${new URLSearchParams({ done })}`);
}

/** Empty where nothing was done. */
export function noticeOf(ctx: Context): string {
  return WORDS.get(new URLSearchParams(ctx.querystring).get('done') ?? '') ?? '';
}
