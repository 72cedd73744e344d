/** The authority: its discovery document is reached, is its own, and its signing keys can be used. */
import { readErrorBody } from '../../src/authority/error-body.ts';
import { HttpExchange } from '../../src/authority/http-exchange.ts';
import type { AuthorityMetadata } from '../../src/authority/metadata-document.ts';
import { usableSigningKeys } from '../../src/authority/signing-key.ts';
import { isPassing } from '../../src/authority/transport-error.ts';
import { aadstsMend } from './aadsts-mend.ts';
import type { AuthorityAnswer } from './ask-authority.ts';
import { type Check, type CheckContext, type Finding, skipped } from './check.ts';
import { networkTrouble } from './network-trouble.ts';

const KEYS_MS = 4000;
const SLOW_MS = 3000;
const WHERE = 'AzureAd:Instance';
const NAME_IT = {
  text: 'Set AzureAd:TenantId to the directory (tenant) ID, and AzureAd:Instance to the host of its cloud; for others than Entra ID, AzureAd:Authority to the issuer as it calls itself.',
  portal: 'App registrations > (this app) > Overview > Endpoints',
  command: 'az account show --query tenantId --output tsv',
};
const LATER = {
  text: 'Wait, and run this again; people who are signed in go on working meanwhile.',
  portal: 'Azure portal > Service Health, or https://status.cloud.microsoft',
};

export const checkDiscovery: Check = {
  name: 'discovery',
  run: async (context) => {
    const asked = await context.askAuthority();
    if (!asked) return skipped('The authority is not configured without fault.');
    if (asked.state === 'good' && asked.metadata) {
      return [await checkKeys(context, asked.url, asked.metadata, asked.tookMs)];
    }
    return [{ ...whyNot(asked, context), result: 'failed', tookMs: asked.tookMs }];
  },
};

function whyNot(asked: AuthorityAnswer, { examined }: CheckContext): Omit<Finding, 'result'> {
  if (asked.state === 'unreached') return networkTrouble(asked.error, asked.url, WHERE);
  if (asked.problem !== undefined) return { seen: asked.problem, mend: NAME_IT };
  const { status, json } = asked.answer;
  const { clientId } = examined.sections?.azureAd ?? {};
  for (const code of readErrorBody(json)?.errorCodes ?? []) {
    const told = aadstsMend(code, { clientId });
    if (told) return { ...told, seen: `${told.seen} Asked was ${asked.url.href}.` };
  }
  const seen = `${asked.url.href} answers HTTP ${status}, and no discovery document.`;
  return { seen, mend: isPassing(status) ? LATER : NAME_IT };
}

async function checkKeys(
  { fetch, clock }: CheckContext,
  documentUrl: URL,
  { issuer, signingKeysUrl }: AuthorityMetadata,
  documentMs: number,
): Promise<Finding> {
  const begun = clock.monotonic();
  const url = new URL(signingKeysUrl);
  const http = new HttpExchange(fetch);
  try {
    const { status, json } = await http.send(url.href, { timeoutMs: KEYS_MS });
    const keysMs = clock.monotonic() - begun;
    const count = status === 200 ? (await usableSigningKeys(json)).length : 0;
    const tookMs = documentMs + keysMs;
    if (count === 0) {
      const seen = `${url.href} answers HTTP ${status}, with no signing key that can be used.`;
      return { result: 'failed', seen, mend: LATER, tookMs };
    }
    const times = `document in ${ms(documentMs)}, ${count} signing keys in ${ms(keysMs)}`;
    const seen = `${issuer}: ${times}.`;
    if (Math.max(documentMs, keysMs) < SLOW_MS) return { result: 'ok', seen, tookMs };
    const text = `Look at the way from here to ${documentUrl.host}: name servers, proxy, firewall.`;
    return { result: 'warning', seen: `${seen} That is slow.`, mend: { text }, tookMs };
  } catch (error) {
    // Whatever broke, it is told.
    return { result: 'failed', ...networkTrouble(error, url, WHERE) };
  }
}

function ms(time: number): string {
  return `${Math.round(time)} ms`;
}
