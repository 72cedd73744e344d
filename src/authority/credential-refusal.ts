/** Tells when the authority refuses the credential that was shown, and not the request: then the next one is tried. */
import type { AuthoritySettings } from '../config/settings.ts';
import type { CredentialRefusal } from '../credentials/refusal-memory.ts';
import { AADSTS_HELP } from './aadsts-help.ts';
import { readErrorBody } from './error-body.ts';
import type { HttpAnswer } from './http-exchange.ts';

/**
 * Under `invalid_client`, but about the site as a whole: not known in the tenant, disabled, not installed,
 * asked at the wrong cloud or tenant. No other credential mends them.
 */
const OF_THE_SITE = [700016, 7000112, 7000229, 90002, 90038, 900439, 50194];
/** Under any `error`: no federated credential fits, or Entra ID could not ask the issuer for its keys. */
const OF_ASSERTIONS = [
  70021, 70025, 700211, 700212, 700213, 7002137, 7002138, 90061, 50166, 501661,
];

/** `undefined`: the credential was not what it is about. */
export function credentialRefusal(
  { kind }: AuthoritySettings,
  { status, json }: Pick<HttpAnswer, 'status' | 'json'>,
): CredentialRefusal | undefined {
  if (status !== 400 && status !== 401) return undefined;
  const { error, errorCodes = [] } = readErrorBody(json) ?? {};
  const isOfSite = kind === 'entra' && errorCodes.some((code) => OF_THE_SITE.includes(code));
  const isOfAssertion = errorCodes.some((code) => OF_ASSERTIONS.includes(code));
  if (isOfSite || !(error === 'invalid_client' || isOfAssertion)) return undefined;
  const fixes = errorCodes.map(mendOf).filter((fix) => fix !== '');
  const [fix = 'Correct the credential, or register it at the authority.'] = fixes;
  return { errorCodes, fix };
}

function mendOf(code: number): string {
  const { meaning = '', mend = '', portal } = AADSTS_HELP[code] ?? {};
  return [meaning, mend, portal && `In the Entra admin center: ${portal}.`]
    .filter(Boolean)
    .join(' ');
}
