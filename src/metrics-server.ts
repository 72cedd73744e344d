/** Answers `GET /metrics` on a port of its own: what it tells is not for the people who use the site. */
import { createServer, type Server } from 'node:http';
import type { Log } from './log.ts';

export interface MetricsServerParts {
  readonly port: number;
  readonly host: string | undefined;
  readonly read: () => Promise<string>;
  readonly log: Log;
}

const TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** Does not keep the process from ending. */
export function listenForMetrics({ port, host, read, log }: MetricsServerParts): Server {
  const server = createServer((request, response) => {
    if (request.method !== 'GET' || request.url !== '/metrics') {
      response.writeHead(404).end();
      return;
    }
    read().then(
      (text) => response.writeHead(200, { 'Content-Type': TYPE }).end(text),
      (err: unknown) => {
        log.error({ event: 'metrics', err }, 'could not read the metrics');
        response.writeHead(500).end();
      },
    );
  });
  return server.listen(port, host).unref();
}
