/** What an operator is told of one credential: in readiness, metrics, logs and by the doctor. */
import type { ClientCredential } from '../config/settings.ts';
import type { LoadedCredential, VaultTrouble } from './credential-source.ts';
import type { CredentialRefusal } from './refusal-memory.ts';

export interface CredentialStatus {
  /** Where it is written, such as `AzureAd:ClientCredentials:0`. */
  readonly key: string;
  readonly sourceType: ClientCredential['sourceType'];
  readonly state: 'unknown' | 'usable' | 'refused' | 'unusable';
  /** What is wrong with it, if only so far as that the next start would find it unusable; and what to do. */
  readonly problem: string | undefined;
  readonly fix: string | undefined;
  /** Where the problem is one of a vault. */
  readonly trouble?: VaultTrouble | undefined;
  /** Of a certificate, in epoch milliseconds: other proofs are renewed by whoever gives them. */
  readonly expiresAt: number | undefined;
  /** Of a certificate, as the Entra admin center shows it. */
  readonly thumbprint: string | undefined;
  /** Since the start of this process. */
  readonly refusals: number;
}

interface Known {
  readonly credential: ClientCredential;
  readonly loaded: LoadedCredential | undefined;
  /** What serves in place of `loaded`, if anything does. */
  readonly before: LoadedCredential | undefined;
  readonly problem:
    | (Pick<CredentialStatus, 'trouble'> & { readonly text: string; readonly fix: string })
    | undefined;
  readonly refusal: CredentialRefusal | undefined;
  readonly refusals: number;
}

export function credentialStatus(known: Known): CredentialStatus {
  const { loaded, before, problem, refusal, refusals } = known;
  const { key, sourceType } = known.credential;
  const { warning } = loaded ?? {};
  const { thumbprint, proof, validTo } = before ?? loaded ?? {};
  const numbers = refusal?.errorCodes.map((code) => `AADSTS${code}`).join(', ');
  const refused = refusal && `refused by the authority (${numbers || 'invalid_client'})`;
  const text = problem?.text ?? refused ?? warning?.text;
  // What serves is good; what is wrong with the one that took its place is told all the same.
  const renewed = loaded?.thumbprint ? `, thumbprint ${loaded.thumbprint}` : '';
  return {
    ...{ key, sourceType, refusals, thumbprint },
    state: before ? 'usable' : stateOf(known),
    problem: before ? `the one before serves: the renewed one${renewed}: ${text}` : text,
    fix: problem?.fix ?? refusal?.fix ?? warning?.fix,
    trouble: problem?.trouble,
    expiresAt: proof?.kind === 'certificate' ? validTo : undefined,
  };
}

function stateOf({ problem, refusal, loaded }: Known): CredentialStatus['state'] {
  if (problem) return 'unusable';
  if (refusal) return 'refused';
  return loaded ? 'usable' : 'unknown';
}
