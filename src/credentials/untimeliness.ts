/** Why a credential that was loaded cannot be used at this time, if it cannot. */
import { CredentialUnusable, type LoadedCredential } from './credential-source.ts';

/** Whoever issued it may have a clock that is ahead of ours. */
const SKEW_MS = 60_000;

export function untimeliness(
  { validFrom, validTo, warning }: LoadedCredential,
  now: number,
): CredentialUnusable | undefined {
  const shown = (at: number) => new Date(at).toISOString();
  const fix = warning ? `${warning.text}. ${warning.fix}` : 'Put one there that is valid now.';
  if (validTo !== undefined && validTo <= now) {
    return new CredentialUnusable(`expired at ${shown(validTo)}`, { fix });
  }
  if (validFrom === undefined || validFrom <= now + SKEW_MS) return undefined;
  return new CredentialUnusable(`is not valid before ${shown(validFrom)}`, { fix });
}
