/** What a load balancer does: each request goes to the next of the sites that serve now. */
import { once } from 'node:events';
import { createServer, request } from 'node:http';

export interface RoundRobin {
  readonly port: number;
  /** The ports of the sites; to be changed at any time. */
  targets: readonly number[];
  close(): Promise<void>;
}

export async function startRoundRobin(): Promise<RoundRobin> {
  let turn = 0;
  const server = createServer((incoming, outgoing) => {
    turn += 1;
    const port = balancer.targets[turn % balancer.targets.length];
    const { method, url, headers } = incoming;
    const forwarded = request({ host: '127.0.0.1', port, method, path: url, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      answer.pipe(outgoing);
    });
    forwarded.on('error', () => outgoing.writeHead(502).end('no site answered'));
    incoming.pipe(forwarded);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('no port');
  const balancer: RoundRobin = {
    port: address.port,
    targets: [],
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return balancer;
}
