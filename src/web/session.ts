/** The session: a browser's tie to accounts, and what is kept of it. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Account } from '../broker/account.ts';
import type { Identity } from '../token-response.ts';

const membershipSchema = z.object({ group: z.string(), isMember: z.boolean(), at: z.number() });
export type Membership = z.output<typeof membershipSchema>;

export const sessionSchema = z.object({
  accounts: z.array(
    z.object({
      id: z.string(),
      epoch: z.string(),
      /** The authority's session id, for sign-out that the authority announces. */
      sid: z.string().optional(),
      iss: z.string(),
      /** When this account signed in, and when that ends in any case. */
      at: z.number(),
      endsAt: z.number().optional(),
      /** Whom to expect when a new sign-in is needed. */
      hint: z.string().optional(),
      /** For display, where several accounts are to choose from. */
      name: z.string().optional(),
      username: z.string().optional(),
      /** App roles of the ID token, and those that the site's own hook adds. */
      roles: z.array(z.string()).default([]),
      /** Authentication contexts that the ID token says were satisfied (`acrs`). */
      acrs: z.array(z.string()).default([]),
      /** Ids of groups, as the ID token named them; absent where it named none. */
      groups: z.array(z.string()).optional(),
      /** What Graph said of single groups and when, for as long as that is believed. */
      memberships: z.array(membershipSchema).optional(),
    }),
  ),
  /** The id of the account in use; empty when that one was signed out and others were not. */
  active: z.string(),
  csrf: z.string(),
  createdAt: z.number(),
  seenAt: z.number(),
  /** The browser and its system, in words. */
  device: z.string().optional(),
});
export type SessionRecord = z.output<typeof sessionSchema>;
export type SessionAccount = SessionRecord['accounts'][number];

/** The session as requests hold it; without a record there is none. */
export interface BrowserSession {
  record?: SessionRecord;
  /** Ends the session kept under the old id and goes on under a new one. */
  regenerate(): Promise<void> | undefined;
}

/** Of one session; past them the one that signed in first makes room. */
export const MAX_ACCOUNTS = 5;

interface NewTie {
  readonly account: Account;
  readonly identity: Identity;
  readonly roles: readonly string[];
  readonly acrs: readonly string[];
  readonly groups?: readonly string[] | undefined;
  readonly now: number;
  readonly endsAt: number;
}

/** An account's part of a session. */
export function sessionAccount(tie: NewTie): SessionAccount {
  const { account, identity, roles, acrs, groups, now, endsAt } = tie;
  const { sid, issuer: iss, name, username } = identity;
  const hint = hintOf(identity);
  return {
    ...{ ...account, iss, at: now, endsAt, roles: [...roles], acrs: [...acrs] },
    ...(sid && { sid }),
    ...(hint && { hint }),
    ...(name && { name }),
    ...(username && { username }),
    ...(groups && { groups: [...groups] }),
  };
}

export function activeAccount(session: BrowserSession | null): SessionAccount | undefined {
  const record = session?.record;
  return record?.accounts.find(({ id }) => id === record.active);
}

/** The record without an account, which is then in use no more; `undefined` when it was the last. */
export function withoutAccount(record: SessionRecord, id: string): SessionRecord | undefined {
  const accounts = record.accounts.filter((account) => account.id !== id);
  if (accounts.length === 0) return undefined;
  return { ...record, accounts, active: record.active === id ? '' : record.active };
}

/** The best hint for a new sign-in: opaque where the authority gives one. */
export function hintOf({ loginHint, username }: Identity): string | undefined {
  return loginHint ?? username;
}

/** What a session is called outside the web tier: no way leads back to its id. */
export function sessionName(sessionId: string): string {
  return createHash('sha256').update(sessionId).digest('hex');
}
