/** What a check of the doctor is, what it is given, and what it finds. */
import type { Clock } from '../../src/clock.ts';
import type { ExaminedSettings } from '../../src/config/load-settings.ts';
import type { AuthorityAnswer } from './ask-authority.ts';

/** `skipped`: nothing can be said, for want of something else or from here at all. */
export type Result = 'ok' | 'warning' | 'failed' | 'skipped';

/** How to mend it: a sentence, and the places where that is done. */
export interface Mend {
  readonly text: string;
  /** Where in a portal. */
  readonly portal?: string;
  /** A command line, to be copied. */
  readonly command?: string;
}

export interface Finding {
  readonly result: Result;
  /** Which of several things that one check looks at, such as an API's name. */
  readonly subject?: string;
  /** What was seen, in sentences. */
  readonly seen: string;
  readonly mend?: Mend;
  readonly tookMs?: number;
}

export interface CheckContext {
  readonly examined: ExaminedSettings;
  /** Asks the authority, once for all checks; resolves to `undefined` if none is configured. */
  readonly askAuthority: () => Promise<AuthorityAnswer | undefined>;
  /** Where the settings are. */
  readonly directory: string;
  /** The tenant to ask in, where the settings name none; as the operator gives it. */
  readonly tenantId: string | undefined;
  readonly fetch: typeof fetch;
  readonly clock: Clock;
}

/** To add one: write it in a file of its own, and put it into the list of `checks.ts`. */
export interface Check {
  readonly name: string;
  /** What it throws becomes a finding; what takes too long, too. */
  run(context: CheckContext): Promise<readonly Finding[]>;
}

/** Whether something is wrong with this key of the configuration, or with one below it. */
export function isFaulty({ faults }: ExaminedSettings, key: string): boolean {
  return faults.some((fault) => fault.key === key || fault.key.startsWith(`${key}:`));
}

export function skipped(seen: string): readonly Finding[] {
  return [{ result: 'skipped', seen }];
}
