/** Loads the parts of a page at once: each fails alone and in words, and none holds up the page. */
import { SignInRequired, Unavailable } from '../errors.ts';
import { goneSignal } from './api.ts';
import type { Context, Parts } from './context.ts';
import { errorAnswer } from './error-answer.ts';
import { logFailure } from './error-log.ts';
import { signInPathFor } from './sign-in-links.ts';

/** One part of a page: its data, or why there is none. */
export interface PagePart<T> {
  readonly data?: T;
  /** In words for the person. */
  readonly problem?: string;
  /** Where the person is asked for what is missing; empty where asking does not help. */
  readonly askUrl?: string;
}

export type LoadPart = <T>(load: (signal: AbortSignal) => Promise<T>) => Promise<PagePart<T>>;

/** For all parts of a page together. */
const PAGE_MS = 3000;

/**
 * Loads parts of one page, whose time runs from now. What is missing of the person is a link to ask
 * for it, never a redirect of the whole page.
 */
export function partsLoader(parts: Parts, ctx: Context): LoadPart {
  const late = AbortSignal.timeout(PAGE_MS);
  const signal = AbortSignal.any([late, goneSignal(ctx)]);
  const { promise: timeOver, resolve } = Promise.withResolvers<PagePart<never>>();
  late.addEventListener('abort', () => resolve({ problem: 'This takes too long just now.' }));
  return async (load) => {
    try {
      const data = load(signal).then((value) => ({ data: value }));
      return await Promise.race([data, timeOver]);
    } catch (error) {
      // The other parts of the page are as good without this one.
      return late.aborted ? await timeOver : failedPart(parts, ctx, error);
    }
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
