/** The APIs: the host of each resolves, accepts a connection, and answers without falling over. */
import type { DownstreamApi } from '../../src/config/settings.ts';
import { shellWord } from '../shell-word.ts';
import { askHost, certificateWarning } from './ask-host.ts';
import { type Check, type CheckContext, type Finding, skipped } from './check.ts';
import { networkTrouble } from './network-trouble.ts';

const ASK_MS = 5000;

export const checkApis: Check = {
  name: 'APIs',
  run: async (context) => {
    const apis = context.examined.sections?.downstreamApis ?? [];
    if (apis.length === 0) return skipped('No API is configured without fault.');
    return (await Promise.all(apis.map((api) => checkApi(api, context)))).flat();
  },
};

async function checkApi(
  { name: subject, baseUrl }: DownstreamApi,
  { clock }: CheckContext,
): Promise<readonly Finding[]> {
  const begun = clock.monotonic();
  try {
    const answer = await askHost(baseUrl, ASK_MS);
    const tookMs = clock.monotonic() - begun;
    const said = `HTTP ${answer.status} in ${Math.round(tookMs)} ms, to a call without a token`;
    const about = { subject, seen: `${baseUrl.href} answers ${said}.`, tookMs };
    const text = 'See what its operator says of it, and run this again.';
    const mend = { text, command: `curl -si ${shellWord(baseUrl.href)}` };
    const soon = certificateWarning(answer, baseUrl, clock.now());
    return [
      answer.status < 500 ? { ...about, result: 'ok' } : { ...about, result: 'warning', mend },
      ...(soon ? [{ ...soon, subject, result: 'warning' as const }] : []),
    ];
  } catch (error) {
    // Whatever broke, it is told.
    const trouble = networkTrouble(error, baseUrl, `the BaseUrl of ${subject}`);
    return [{ ...trouble, subject, result: 'failed', tookMs: clock.monotonic() - begun }];
  }
}
