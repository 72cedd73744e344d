/** The public URL: whether this site answers there. It may not run yet, so nothing here is a failure. */
import { z } from 'zod';
import { HttpExchange } from '../../src/authority/http-exchange.ts';
import { shellWord } from '../shell-word.ts';
import { askHost, certificateWarning } from './ask-host.ts';
import { type Check, type Finding, skipped } from './check.ts';
import { networkTrouble } from './network-trouble.ts';

const ASK_MS = 5000;
const KEY = 'Site:PublicUrl';
const liveAnswer = z.object({ status: z.literal('live') });

export const checkPublicUrl: Check = {
  name: 'public URL',
  run: async ({ examined: { sections }, fetch, clock }) => {
    const publicUrl = sections?.site.publicUrl;
    if (!publicUrl) return skipped('Site:PublicUrl is not configured without fault.');
    const url = new URL('/health/live', publicUrl);
    try {
      const [{ status, json }, host] = await Promise.all([
        new HttpExchange(fetch).send(url.href, { timeoutMs: ASK_MS }),
        askHost(url, ASK_MS),
      ]);
      const isOurs = status === 200 && liveAnswer.safeParse(json).success;
      const soon = certificateWarning(host, url, clock.now());
      return [
        isOurs ? { result: 'ok', seen: `The site answers at ${url.href}.` } : another(url, status),
        ...(soon ? [{ ...soon, result: 'warning' as const }] : []),
      ];
    } catch (error) {
      // Whatever it is, the site is not to be reached there from here.
      const { seen, mend } = networkTrouble(error, url, KEY);
      const text = `Nothing, if the site is not started yet, or is not to be reached from here. Else: ${mend.text}`;
      return [{ result: 'warning', seen, mend: { ...mend, text } }];
    }
  },
};

function another(url: URL, status: number): Finding {
  const seen = `${url.href} answers HTTP ${status}, and not as this site does.`;
  const text = `Let the proxy pass all paths to this site, or correct ${KEY}.`;
  const command = `curl -si ${shellWord(url.href)}`;
  return { result: 'warning', seen, mend: { text, command } };
}
