/** Tells when the authority refuses the credential that was shown, and not the request: then the next one is tried. */
import type { AuthoritySettings } from '../config/settings.ts';
import type { Proof } from '../credentials/credential-source.ts';
import type { CredentialRefusal } from '../credentials/refusal-memory.ts';
import { AADSTS_HELP } from './aadsts-help.ts';
import { readErrorBody } from './error-body.ts';
import type { HttpAnswer } from './http-exchange.ts';

/** About the credential and nothing else: secrets, certificates, assertions that were signed. */
const OF_CREDENTIALS = [
  ...[7000215, 7000216, 7000222],
  ...[700027, 700024, 7000214, 1000502, 7000274, 7000277, 7000272, 700030],
  ...[50012, 50013, 50027, 500133, 700021, 700023, 5002730],
];
/** Of another issuer's assertion, under any `error`: none fits, or its issuer could not be asked for keys. */
const OF_ASSERTIONS = [
  70021, 70025, 700211, 700212, 700213, 7002137, 7002138, 90061, 50166, 501661,
];
/**
 * Under `invalid_client`, but about the site as a whole, an API or a tenant: no other credential mends
 * them, and none is to be thought the worse of for them.
 */
const OF_OTHER_THINGS = [
  ...[700016, 7000112, 7000229, 90002, 90038, 900439, 50194, 50011],
  ...[500011, 500014, 501051, 65005, 650051, 650052, 650056, 650057],
];

/**
 * `undefined`: the credential was not what it is about. One that is not certain is under
 * `invalid_client` by a number that is not known here: another credential may do, for this request.
 */
export function credentialRefusal(
  { kind }: AuthoritySettings,
  { status, json }: Pick<HttpAnswer, 'status' | 'json'>,
  proof: Proof['kind'],
): CredentialRefusal | undefined {
  if (status !== 400 && status !== 401) return undefined;
  const { error, errorCodes = [] } = readErrorBody(json) ?? {};
  const isNamed = (numbers: readonly number[]) => errorCodes.some((code) => numbers.includes(code));
  const isInvalid = error === 'invalid_client';
  // Plain OAuth has no numbers (RFC 6749 §5.2).
  if (kind === 'oidc') return isInvalid ? refusalOf(errorCodes, true) : undefined;
  if (proof === 'assertion' && isNamed(OF_ASSERTIONS)) return refusalOf(errorCodes, true);
  if (!isInvalid || isNamed(OF_OTHER_THINGS)) return undefined;
  return refusalOf(errorCodes, isNamed(OF_CREDENTIALS) || isNamed(OF_ASSERTIONS));
}

function refusalOf(errorCodes: readonly number[], isCertain: boolean): CredentialRefusal {
  const fixes = errorCodes.map(mendOf).filter((fix) => fix !== '');
  const [fix = 'Correct the credential, or register it at the authority.'] = fixes;
  return { errorCodes, fix, isCertain };
}

function mendOf(code: number): string {
  const { meaning = '', mend = '', portal } = AADSTS_HELP[code] ?? {};
  return [meaning, mend, portal && `In the Entra admin center: ${portal}.`]
    .filter(Boolean)
    .join(' ');
}
