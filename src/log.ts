/** The log: one JSON line an event, with no token, code, cookie or query string in it. */
import { type Logger, pino } from 'pino';

export type Log = Logger;

/** A log that writes JSON lines to standard output, or to `write` when it is given. */
export function createLog(level: string, write?: (line: string) => void): Log {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  return write ? pino(options, { write }) : pino(options);
}
