/** Listens to what a store logs while it is opened and used: some say there, and only there, why they fail. */
import { z } from 'zod';
import { createLog, type Log } from '../../src/log.ts';

export interface StoreLine {
  readonly event: string;
  readonly msg: string;
  readonly reason?: string | undefined;
}

const lineSchema = z.object({ event: z.string(), msg: z.string(), reason: z.string().optional() });

/** A log, and the lines written to it so far. */
export function storeLog(): { readonly log: Log; readonly lines: StoreLine[] } {
  const lines: StoreLine[] = [];
  const log = createLog('warn', (line) => {
    const parsed = lineSchema.safeParse(JSON.parse(line));
    if (parsed.success) lines.push(parsed.data);
  });
  return { log, lines };
}
