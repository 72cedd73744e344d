/** The help for an AADSTS number, filled in with what this site's settings say. */
import { AADSTS_HELP } from '../../src/authority/aadsts-help.ts';
import { shellWord } from '../shell-word.ts';
import type { Mend } from './check.ts';

export interface Filling {
  readonly clientId?: string | undefined;
  readonly redirectUri?: string;
}

/** What a number means, with the number, and what to do; `undefined` for one that is not ours to mend. */
export function aadstsMend(
  code: number,
  { clientId, redirectUri }: Filling,
): { seen: string; mend: Mend } | undefined {
  const help = AADSTS_HELP[code];
  if (!help) return undefined;
  const { meaning, mend: text, portal, command } = help;
  const word = (given: string | undefined) => (sample: string) =>
    given === undefined ? sample : shellWord(given);
  const filled = command
    ?.replaceAll('<client-id>', word(clientId))
    .replaceAll('<redirect-uri>', word(redirectUri));
  return {
    seen: `${meaning.replace(/\.$/, '')} (AADSTS${code}).`,
    mend: {
      text,
      ...(portal !== undefined && { portal }),
      ...(filled !== undefined && { command: filled }),
    },
  };
}
