/** A credential as it is written, with what was seen of it so far. */
import { isGuid } from '../tenant-id.ts';
import type { ClientCredential } from './settings.ts';

export interface Candidate {
  readonly credential: ClientCredential;
  /** Why it cannot be used now: `key` and `text` make a sentence. */
  readonly problem?: { readonly key: string; readonly text: string; readonly fix: string };
  readonly warning?: { readonly key: string; readonly text: string };
}

/** `valueKey` is where the secret itself is written. */
export function secretCandidate(key: string, valueKey: string, secret: string): Candidate {
  const credential = { sourceType: 'ClientSecret', key, secret } as const;
  if (!isGuid(secret)) return { credential };
  const text =
    'looks like the ID of a secret: the portal shows ID and Value, and the Value belongs here.';
  return { credential, warning: { key: valueKey, text } };
}
