/** The end of the process on a signal: requests first, then tokens, then nothing is left open. */
import type { Server, ServerResponse } from 'node:http';
import type { Log } from './log.ts';

export interface Running {
  readonly server: Server;
  readonly app: {
    close(): Promise<void>;
    /** How long that takes at most. */
    readonly closeMs: number;
  };
  readonly log: Log;
}

const IDLE_CHECK_MS = 100;
/** What requests under way are given. */
const REQUESTS_MS = 8000;
const LAST_MS = 2000;

/**
 * A listener for SIGTERM and SIGINT. New connections are refused, requests under way have 8 s, and
 * refreshed tokens that are not written yet the application's own time; a second signal changes
 * nothing.
 *
 * A proxy keeps its connections open for long, so they are closed as soon as nothing runs on them.
 */
export function gracefulStop({ server, app, log }: Running): (signal: NodeJS.Signals) => void {
  let stopping = false;
  return (signal) => {
    if (stopping) {
      log.info({ event: 'stopping', signal }, 'already stopping');
      return;
    }
    stopping = true;
    log.info({ event: 'stopping', signal }, 'finishing what is under way');
    const closed = new Promise((resolve) => server.close(resolve));
    server.prependListener('request', (_, response: ServerResponse) => {
      response.setHeader('Connection', 'close');
    });
    setInterval(() => server.closeIdleConnections(), IDLE_CHECK_MS).unref();
    setTimeout(() => server.closeAllConnections(), REQUESTS_MS);
    setTimeout(() => end(log, 'it took too long'), REQUESTS_MS + app.closeMs + LAST_MS);
    closed
      .then(() => app.close())
      .then(
        () => process.exit(0),
        (error: unknown) => end(log, error),
      );
  };
}

function end(log: Log, error: unknown): void {
  log.error({ event: 'stop_failed', err: error }, 'could not end cleanly');
  process.exit(1);
}
