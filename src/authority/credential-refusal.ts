/** Tells when the authority refuses the credential that was shown, and not the request: then the next one is tried. */
import type { AuthoritySettings } from '../config/settings.ts';
import type { CredentialRefusal } from '../credentials/credential-slot.ts';
import { readErrorBody } from './error-body.ts';
import type { HttpAnswer } from './http-exchange.ts';

/** By the number, as `error` alone does not tell a bad credential from a site that is not known. */
const MENDED_BY: ReadonlyMap<number, string> = new Map([
  [700027, 'Upload this certificate to the app registration, under Certificates & secrets.'],
  [700024, 'Set this machine’s clock: the assertion is out of its time.'],
  [7000214, 'Replace the certificate: it was revoked.'],
  [1000502, 'Replace the certificate: it is out of its time.'],
  [7000274, 'Replace the certificate: it was revoked or is not valid.'],
  [7000277, 'Replace the certificate: it was revoked.'],
  [
    7000215,
    'Correct the secret: the Value belongs here, not the Secret ID; or make a new one, under Certificates & secrets.',
  ],
  [7000222, 'Make a new secret, under Certificates & secrets: this one has expired.'],
  ...[70021, 70025, 700211, 700212, 700213, 7002137, 7002138].map(
    (code) =>
      [
        code,
        'Add a federated credential to the app registration with exactly the issuer, subject and audience of this token.',
      ] as const,
  ),
  [500133, 'Let the platform renew the token: it is out of its time.'],
]);

/** `undefined`: the credential was not what it is about. */
export function credentialRefusal(
  { kind }: AuthoritySettings,
  { status, json }: Pick<HttpAnswer, 'status' | 'json'>,
): CredentialRefusal | undefined {
  if (status !== 400 && status !== 401) return undefined;
  const { error, errorCodes = [] } = readErrorBody(json) ?? {};
  const code = errorCodes.find((each) => MENDED_BY.has(each));
  if (code !== undefined) return { errorCodes, fix: MENDED_BY.get(code) ?? '' };
  // Plain OAuth has no numbers (RFC 6749 §5.2).
  if (kind === 'entra' || error !== 'invalid_client') return undefined;
  return { errorCodes, fix: 'Correct the credential, or register it at the authority.' };
}
