/** The access tokens kept for one account, or for this site itself, and what is known of asking for more. */
import { z } from 'zod';
import { slotKey } from './slot-key.ts';

const slotSchema = z.object({
  /** Of a tenant other than the one signed in to. */
  tenantId: z.string().optional(),
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

export const tokenSetSchema = z.object({
  /** By `slotKey`. */
  slots: z.record(z.string(), slotSchema),
  /** By request. */
  refusals: z.record(z.string(), refusalSchema),
  /** Until when the authority is left alone, after how many failures in a row. */
  quiet: z.object({ until: z.number(), failures: z.number() }).optional(),
});

export type TokenSet = z.infer<typeof tokenSetSchema>;
export type Slot = z.infer<typeof slotSchema>;
export type Refusal = z.infer<typeof refusalSchema>;

export const NO_TOKENS: TokenSet = { slots: {}, refusals: {} };

const MAX_SLOTS = 20;

/**
 * The set with a token in its slot; past 20 slots the one written first makes room. The slots stand
 * in the order they were written in: the clocks of two processes are not compared.
 */
export function withSlot<T extends TokenSet>(tokens: T, slot: Slot): T {
  const key = keyOf(slot);
  const others = Object.entries(tokens.slots).filter(([other]) => other !== key);
  return { ...tokens, slots: Object.fromEntries([...others, [key, slot]].slice(-MAX_SLOTS)) };
}

/**
 * The set with a token in its slot, if the one that `read` had there still is: one that came since
 * is no older.
 */
export function withSlotSince<T extends TokenSet>(tokens: T, read: TokenSet, slot: Slot): T {
  const key = keyOf(slot);
  const isAsRead = tokens.slots[key]?.accessToken === read.slots[key]?.accessToken;
  return isAsRead || !tokens.slots[key] ? withSlot(tokens, slot) : tokens;
}

/** The set without an access token that an API has refused. */
export function withoutToken<T extends TokenSet>(tokens: T, accessToken: string | undefined): T {
  const left = Object.entries(tokens.slots).filter(([, slot]) => slot.accessToken !== accessToken);
  return { ...tokens, slots: Object.fromEntries(left) };
}

function keyOf({ tenantId, resource, asked }: Slot): string {
  return slotKey(tenantId, { resource, permissions: new Set(asked) });
}
