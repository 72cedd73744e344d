/** The session: a browser's tie to an account, and what is kept of it. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Account } from '../broker/account.ts';
import type { Identity } from '../token-response.ts';

export const sessionSchema = z.object({
  accounts: z.array(
    z.object({
      id: z.string(),
      epoch: z.string(),
      /** The authority's session id, for sign-out that the authority announces. */
      sid: z.string().optional(),
      iss: z.string(),
      /** When this account signed in. */
      at: z.number(),
      /** Whom to expect when a new sign-in is needed. */
      hint: z.string().optional(),
    }),
  ),
  /** The id of the account in use. */
  active: z.string(),
  csrf: z.string(),
  createdAt: z.number(),
  seenAt: z.number(),
});
export type SessionRecord = z.output<typeof sessionSchema>;
export type SessionAccount = SessionRecord['accounts'][number];

/** The session as requests hold it; without a record there is none. */
export interface BrowserSession {
  record?: SessionRecord;
  /** Ends the session kept under the old id and goes on under a new one. */
  regenerate(): Promise<void> | undefined;
}

interface NewSession {
  readonly account: Account;
  readonly identity: Identity;
  readonly csrf: string;
  readonly now: number;
}

export function newSession({ account, identity, csrf, now }: NewSession): SessionRecord {
  const { sid, issuer: iss } = identity;
  const hint = hintOf(identity);
  const tie = { ...account, iss, at: now, ...(sid && { sid }), ...(hint && { hint }) };
  return { accounts: [tie], active: account.id, csrf, createdAt: now, seenAt: now };
}

export function activeAccount(session: BrowserSession | null): SessionAccount | undefined {
  const record = session?.record;
  return record?.accounts.find(({ id }) => id === record.active);
}

/** The best hint for a new sign-in: opaque where the authority gives one. */
export function hintOf({ loginHint, username }: Identity): string | undefined {
  return loginHint ?? username;
}

/** What a session is called outside the web tier: no way leads back to its id. */
export function sessionName(sessionId: string): string {
  return createHash('sha256').update(sessionId).digest('hex');
}
