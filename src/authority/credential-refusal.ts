/** Tells when the authority refuses the credential that was shown, and not the request: then the next one is tried. */
import type { AuthoritySettings } from '../config/settings.ts';
import type { CredentialRefusal } from '../credentials/credential-slot.ts';
import { AADSTS_HELP } from './aadsts-help.ts';
import { readErrorBody } from './error-body.ts';
import type { HttpAnswer } from './http-exchange.ts';

/**
 * By the number, as `error` alone does not tell a bad credential from a site that is not known: those of
 * certificates on which Microsoft.Identity.Web goes on, those of secrets, and those of federated credentials.
 */
const OF_CREDENTIALS = [
  ...[700027, 700024, 7000214, 1000502, 7000274, 7000277],
  ...[7000215, 7000222],
  ...[70021, 70025, 700211, 700212, 700213, 7002137, 7002138, 500133],
];

/** `undefined`: the credential was not what it is about. */
export function credentialRefusal(
  { kind }: AuthoritySettings,
  { status, json }: Pick<HttpAnswer, 'status' | 'json'>,
): CredentialRefusal | undefined {
  if (status !== 400 && status !== 401) return undefined;
  const { error, errorCodes = [] } = readErrorBody(json) ?? {};
  const code = errorCodes.find((each) => OF_CREDENTIALS.includes(each));
  if (code !== undefined) return { errorCodes, fix: mendOf(code) };
  // Plain OAuth has no numbers (RFC 6749 §5.2).
  if (kind === 'entra' || error !== 'invalid_client') return undefined;
  return { errorCodes, fix: 'Correct the credential, or register it at the authority.' };
}

function mendOf(code: number): string {
  const { meaning = '', mend = '', portal } = AADSTS_HELP[code] ?? {};
  return [meaning, mend, portal && `In the Entra admin center: ${portal}.`]
    .filter(Boolean)
    .join(' ');
}
