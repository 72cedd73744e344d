/** Writes a challenge into a link that only this site can make, and reads it back. */
import { z } from 'zod';
import type { KeyRing } from '../encryption.ts';

const challengeSchema = z.object({
  /** Absent where nobody could be signed in yet: then only an administrator can answer it. */
  accountId: z.string().optional(),
  scopes: z.array(z.string()),
  claims: z.string().optional(),
  /** The page that wanted it, and the tenant of the account: for an administrator of it. */
  returnTo: z.string().optional(),
  tenantId: z.string().optional(),
});

/** What the authority is to ask of one account, or of an administrator for whoever it is. */
export type Challenge = z.output<typeof challengeSchema>;

const sealedSchema = challengeSchema.extend({ expiresAt: z.number() });
const NAME = 'sealed-challenge';
const LIFE_MS = 60 * 60_000;

/**
 * Challenges in links.
 *
 * Scopes or claims in the plain would let anyone craft a link that asks a person to consent to
 * something this site never asked for; a sealed one holds what the site itself found missing, for
 * one account, for an hour.
 */
export class SealedChallenges {
  readonly #keyRing: KeyRing;
  readonly #now: () => number;

  constructor({ keyRing, now }: { readonly keyRing: KeyRing; readonly now: () => number }) {
    this.#keyRing = keyRing;
    this.#now = now;
  }

  seal(challenge: Challenge): string {
    const expiresAt = this.#now() + LIFE_MS;
    return this.#keyRing.seal(NAME, JSON.stringify({ ...challenge, expiresAt }));
  }

  /** The challenge for this account, if it was sealed here and has not expired. */
  open(sealed: string | null, accountId: string): Challenge | undefined {
    const challenge = this.openForAnyone(sealed);
    return challenge?.accountId === accountId ? challenge : undefined;
  }

  /** The challenge, whoever it is for: for one who is to help that account. */
  openForAnyone(sealed: string | null): Challenge | undefined {
    const opened = sealed ? this.#keyRing.open(NAME, sealed) : undefined;
    if (opened?.status !== 'open') return undefined;
    const { expiresAt, ...challenge } = sealedSchema.parse(JSON.parse(opened.plaintext));
    return expiresAt > this.#now() ? challenge : undefined;
  }
}
