/** Loads the parts of a page at once: each fails alone and in words, and none holds up the page. */
import { SignInRequired, Unavailable } from '../errors.ts';
import { scopeSet } from '../scope-set.ts';
import { goneSignal } from './api.ts';
import { type Context, type Parts, signedIn } from './context.ts';
import { errorAnswer } from './error-answer.ts';
import { logFailure } from './error-log.ts';
import { sessionName } from './session.ts';
import { signInPathFor } from './sign-in-links.ts';

/** One part of a page: its data, or why there is none. */
export interface PagePart<T> {
  readonly data?: T;
  /** In words for the person. */
  readonly problem?: string;
  /** Where the person is asked for what is missing; empty where asking does not help. */
  readonly askUrl?: string;
}

export interface PartPlan<T> {
  /** What its access token has to allow. */
  readonly scopes: readonly string[];
  load(signal: AbortSignal): Promise<T>;
}

export type LoadPart = <T>(plan: PartPlan<T>) => Promise<PagePart<T>>;

/** For all parts of a page together. */
const PAGE_MS = 3000;

/**
 * Loads parts of one page, whose time runs from now. What is missing of the person is a link to ask
 * for it, never a redirect of the whole page.
 *
 * A part that nothing kept says was permitted is not tried at the authority: a page that is opened
 * often would be refused as often.
 */
export function partsLoader(parts: Parts, ctx: Context): LoadPart {
  const late = AbortSignal.timeout(PAGE_MS);
  const signal = AbortSignal.any([late, goneSignal(ctx)]);
  const { promise: timeOver, resolve } = Promise.withResolvers<PagePart<never>>();
  late.addEventListener('abort', () => resolve({ problem: 'This takes too long just now.' }));
  let known: ReturnType<typeof knownScopes> | undefined;
  return async ({ scopes, load }) => {
    const loading = async () => {
      known ??= knownScopes(parts, ctx);
      if (!(await known)(scopes)) throw new SignInRequired('consent', { scopes });
      return { data: await load(signal) };
    };
    try {
      return await Promise.race([loading(), timeOver]);
    } catch (error) {
      // The other parts of the page are as good without this one.
      return late.aborted ? await timeOver : failedPart(parts, ctx, error);
    }
  };
}

/** Whether scopes are among those that the account's kept tokens were given, or got for, so far. */
async function knownScopes({ broker }: Parts, ctx: Context) {
  const name = sessionName(ctx.state.sessionId ?? '');
  const overview = await broker.inspect(signedIn(ctx), name, { near: true });
  return (scopes: readonly string[]): boolean => {
    const { resource, permissions } = scopeSet(scopes);
    const tokens = overview?.tokens.filter((token) => token.resource === resource) ?? [];
    const permitted = new Set(tokens.flatMap(({ granted, asked }) => [...granted, ...asked]));
    return tokens.length > 0 && permissions.isSubsetOf(permitted);
  };
}

function failedPart(parts: Parts, ctx: Context, error: unknown): PagePart<never> {
  const answer = errorAnswer(error, false);
  logFailure(parts.log, ctx, error, answer, 'part_failed');
  if (error instanceof SignInRequired) {
    return { problem: missingWords(error), askUrl: signInPathFor(parts, ctx, error) };
  }
  return { problem: error instanceof Unavailable ? 'Not available just now.' : answer.message };
}

function missingWords({ reason }: SignInRequired): string {
  if (reason === 'consent') return 'This site needs your permission for this.';
  if (reason === 'interaction') return 'Microsoft wants to ask you something first.';
  return 'You need to sign in again for this.';
}
