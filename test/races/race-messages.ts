/** What a race's parent and its processes say to each other: checked on arrival. */
import { z } from 'zod';

/** Where in a refresh its holder can be caught. */
export const pointSchema = z.enum([
  /** Just before the lease's last check. */
  'before-check',
  /** Between that check and the sending. */
  'before-send',
  'after-send',
  'after-response',
  'after-write',
]);
export type Point = z.infer<typeof pointSchema>;

/** What becomes of it there: it is killed, stopped until it is told to continue, or held by itself. */
const actSchema = z.enum(['kill', 'stop', 'hold']);
export type Act = z.infer<typeof actSchema>;

const trapSchema = z.object({ at: pointSchema, act: actSchema, accountId: z.string() });
export type TrapOrder = z.infer<typeof trapSchema>;

const accountSchema = z.object({ id: z.string(), epoch: z.string() });

const callSchema = z.object({
  /** The name of the request, for the reply. */
  name: z.string(),
  scopes: z.array(z.string()),
  tenantId: z.string().optional(),
  callers: z.number(),
});
export type Call = z.infer<typeof callSchema>;

/** From the parent. */
export const orderSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('open'),
    storeUri: z.string(),
    authorityUrl: z.string(),
    skewMs: z.number(),
  }),
  z.object({ kind: z.literal('arm'), trap: trapSchema }),
  z.object({ kind: z.literal('disarm') }),
  /** Ends a `hold`. */
  z.object({ kind: z.literal('go') }),
  /** A request that was reported as sent has been read by the authority. */
  z.object({ kind: z.literal('arrived'), requestId: z.string() }),
  z.object({
    kind: z.literal('acquire'),
    wave: z.number(),
    account: accountSchema,
    /** Whether callers that are told to come back do so, when they are told. */
    patient: z.boolean(),
    calls: z.array(callSchema),
  }),
  z.object({ kind: z.literal('await-store'), wave: z.number() }),
  z.object({ kind: z.literal('close') }),
]);
export type Order = z.infer<typeof orderSchema>;

const resultSchema = z.object({
  /** How many callers of a call had it. */
  callers: z.number(),
  token: z.string().optional(),
  /** The code of a foreseen failure, with its reason where it has one. */
  failure: z.string().optional(),
});
export type Result = z.infer<typeof resultSchema>;

/** From a process. */
export const reportSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ready') }),
  z.object({ kind: z.literal('sent'), requestId: z.string() }),
  z.object({
    kind: z.literal('settled'),
    wave: z.number(),
    name: z.string(),
    results: z.array(resultSchema),
  }),
  z.object({ kind: z.literal('store-answers'), wave: z.number() }),
  /** A line of the log that no race may cause. */
  z.object({ kind: z.literal('alarm'), event: z.string() }),
]);
export type Report = z.infer<typeof reportSchema>;

/** What a process writes to its standard output, at once, when it is caught. */
export const caughtSchema = z.object({ at: pointSchema, act: actSchema });
export type Caught = z.infer<typeof caughtSchema>;
