/** What takes part in a bench: a way to get a token, run in a process of its own, round by round. */
import { z } from 'zod';

/**
 * `one`: one account, used before. `warm`: accounts in turn, used before. `cold`: accounts that this
 * process has never seen. `anyone`: accounts at random among all.
 */
const workload = z.enum(['one', 'warm', 'cold', 'anyone']);
export type Workload = z.infer<typeof workload>;

export const entrySchema = z.object({
  kind: z.enum([
    'concierge',
    'msal-request',
    'msal-sample',
    'msal-user',
    'msal-process',
    'get',
    'map',
  ]),
  /** The store; one that processes share holds the accounts already. */
  uri: z.string(),
  /** How many accounts are kept. */
  accounts: z.number(),
});
export type Entry = z.infer<typeof entrySchema>;

const roundOrder = z.object({
  workload,
  /** How many calls wait for their tokens at a time. */
  inFlight: z.number(),
  /** Calls begin until then, or until there are no more accounts. */
  ms: z.number(),
  /** Or so many were made. */
  calls: z.number().optional(),
});
export type RoundOrder = z.infer<typeof roundOrder>;

export const orderSchema = z.union([roundOrder, z.literal('weigh')]);
export type Order = z.infer<typeof orderSchema>;

export const roundSchema = z.object({
  calls: z.number(),
  ms: z.number(),
  /** Of this process, in its own code and the kernel's. */
  cpuUs: z.number(),
});
export type Round = z.infer<typeof roundSchema>;

/** A process's memory after a garbage collection. */
export const weightSchema = z.object({
  /** Of its heap, and of what is held for it beside the heap. */
  heapBytes: z.number(),
  /** Of the whole process, with what it keeps of freed memory. */
  rssBytes: z.number(),
});
export type Weight = z.infer<typeof weightSchema>;

/** Calls ready to be timed: `undefined` when there are no more. */
export interface Calls {
  next(): Promise<unknown> | undefined;
  /** What was opened for this round alone. */
  close(): Promise<void>;
}

export interface Contestant {
  prepare(workload: Workload): Promise<Calls>;
  close(): Promise<void>;
}

/** How many accounts are in use at a time in a process. */
export const IN_USE = 500;
