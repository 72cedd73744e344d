/** The one record an account is kept in: its refresh token, its access tokens, its sessions. */
import { z } from 'zod';
import { type ScopeSet, slotKey } from '../scope-set.ts';
import type { Identity } from '../token-response.ts';

const optional = z.string().optional();

const identitySchema = z
  .object({
    accountId: z.string(),
    issuer: z.string(),
    subject: z.string(),
    tenantId: optional,
    objectId: optional,
    name: optional,
    username: optional,
    loginHint: optional,
    sid: optional,
  })
  .transform(
    (claims): Identity => ({
      accountId: claims.accountId,
      issuer: claims.issuer,
      subject: claims.subject,
      tenantId: claims.tenantId,
      objectId: claims.objectId,
      name: claims.name,
      username: claims.username,
      loginHint: claims.loginHint,
      sid: claims.sid,
    }),
  );

const slotSchema = z.object({
  resource: z.string(),
  /** Lower-case permissions, granted and asked: a token serves who wants no more than either. */
  granted: z.array(z.string()),
  asked: z.array(z.string()),
  accessToken: z.string(),
  gotAt: z.number(),
  refreshAt: z.number(),
  expiresAt: z.number(),
  /** The claims request it was got with. */
  claims: z.string().optional(),
  /** Whether an API had refused the one before. */
  afterRefusal: z.boolean().optional(),
});

/** What the authority said it wants, of the person or of this site, for requests of one kind. */
const refusalSchema = z.object({
  reason: z.enum(['consent', 'interaction', 'misconfigured']),
  claims: z.string().optional(),
  until: z.number(),
});

export const accountRecordSchema = z.object({
  epoch: z.string(),
  /** New at each redemption: a refresh begun under another grant is not kept. */
  grantId: z.string(),
  refreshToken: z
    .object({ id: z.string(), value: z.string(), state: z.enum(['good', 'dead']) })
    .optional(),
  slots: z.record(z.string(), slotSchema),
  /** By `refusalKey`. */
  refusals: z.record(z.string(), refusalSchema),
  /** Until when the authority is left alone, after how many failures in a row. */
  quiet: z.object({ until: z.number(), failures: z.number() }).optional(),
  sessions: z.array(z.object({ id: z.string(), endsAt: z.number() })),
  identity: identitySchema,
});

export type AccountRecord = z.infer<typeof accountRecordSchema>;
export type Slot = z.infer<typeof slotSchema>;
export type Refusal = z.infer<typeof refusalSchema>;

const MAX_SLOTS = 20;

/**
 * The record with a token in its slot, unless a newer one is there; past 20 slots the one got first
 * makes room.
 */
export function withSlot(record: AccountRecord, asked: ScopeSet, slot: Slot): AccountRecord {
  const key = slotKey(asked);
  if ((record.slots[key]?.gotAt ?? 0) > slot.gotAt) return record;
  const slots = { ...record.slots, [key]: slot };
  const oldestFirst = Object.entries(slots).sort(([, a], [, b]) => a.gotAt - b.gotAt);
  return { ...record, slots: Object.fromEntries(oldestFirst.slice(-MAX_SLOTS)) };
}

/** The record without an access token that an API has refused. */
export function withoutToken(
  record: AccountRecord,
  accessToken: string | undefined,
): AccountRecord {
  const left = Object.entries(record.slots).filter(([, slot]) => slot.accessToken !== accessToken);
  return { ...record, slots: Object.fromEntries(left) };
}

/** When a record is of no more use to anyone: its last session's end. */
export function recordExpiry(record: AccountRecord): number {
  return Math.max(...record.sessions.map((session) => session.endsAt));
}
