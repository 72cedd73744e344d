/** A credential as it is written, with what was seen of it so far. */
import { isGuid } from '../tenant-id.ts';
import type { ClientCredential } from './settings.ts';

export interface Candidate {
  readonly credential: ClientCredential;
  /** Why it cannot be used now: `key` and `text` make a sentence. */
  readonly problem?: { readonly key: string; readonly text: string; readonly fix: string };
  readonly warning?: { readonly key: string; readonly text: string; readonly fix: string };
}

/** `valueKey` is where the secret itself is written. */
export function secretCandidate(key: string, valueKey: string, secret: string): Candidate {
  const credential = { sourceType: 'ClientSecret', key, secret } as const;
  if (!isGuid(secret)) return { credential };
  const text = 'looks like the ID of a secret, which the portal shows beside its Value';
  const fix =
    'Set it to the Value; it is shown once, when the secret is made: if it is lost, make another.';
  return { credential, warning: { key: valueKey, text, fix } };
}
