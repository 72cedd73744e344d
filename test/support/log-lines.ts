/** A log whose lines a test can read. */
import { z } from 'zod';
import { createLog, type Log } from '../../src/log.ts';

const lineSchema = z.looseObject({ level: z.number(), event: z.string().optional() });

export interface LogLines {
  readonly log: Log;
  /** All that was written, as text. */
  text(): string;
  /** The lines of one event. */
  of(event: string): readonly z.output<typeof lineSchema>[];
}

export const WARN = 40;
export const ERROR = 50;

export function logLines(): LogLines {
  const lines: string[] = [];
  return {
    log: createLog('trace', (line) => lines.push(line)),
    text: () => lines.join(''),
    of: (event) =>
      lines
        .map((line) => lineSchema.parse(JSON.parse(line)))
        .filter((line) => line.event === event),
  };
}
