/** What the bench of the gateway tells its processes, and what they say. */
import { z } from 'zod';

export const gatewayEntrySchema = z.object({
  kind: z.enum(['floor', 'concierge']),
  redisUri: z.string(),
  apiUrl: z.string(),
});
export type GatewayEntry = z.infer<typeof gatewayEntrySchema>;

export const readySchema = z.object({ port: z.number(), cookie: z.string() });

/** What a process has used so far. */
export const usageSchema = z.object({
  cpuUs: z.number(),
  rssBytes: z.number(),
  /** Since its start. */
  peakRssBytes: z.number(),
});
export type Usage = z.infer<typeof usageSchema>;

/** The path at the API of the bench that answers a small JSON document. */
export const ITEM = '/item';
/** Where the site of the bench has a route that calls the API with the typed client. */
export const TYPED = '/bench/typed';
export const API_NAME = 'Bench';
