/** A CONNECT proxy that leads the names it is told of to ports of this machine, and no other name anywhere. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

export interface ConnectProxy {
  readonly url: string;
  /** Every target that was asked for, such as `a.vault.azure.net:443`. */
  readonly targets: readonly string[];
  close(): Promise<void>;
}

/** `routes` are ports of 127.0.0.1 by target. */
export async function startConnectProxy(
  routes: Readonly<Record<string, number>>,
): Promise<ConnectProxy> {
  const targets: string[] = [];
  const sockets = new Set<Socket | Duplex>();
  const keep = (socket: Socket | Duplex) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  };
  const server = createServer((_, response) => {
    response.writeHead(403).end('This proxy only takes CONNECT.');
  });
  server.on('connect', (request, client, head) => {
    const target = request.url ?? '';
    targets.push(target);
    keep(client);
    const port = routes[target];
    if (port === undefined) {
      client.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
      return;
    }
    const upstream = connect(port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      upstream.write(head);
      upstream.pipe(client);
      client.pipe(upstream);
    });
    keep(upstream);
    upstream.on('close', () => client.destroy());
    client.on('close', () => upstream.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    targets,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
