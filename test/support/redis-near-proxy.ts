/** A TCP proxy before a Redis that can keep back what the server says on connections for near reads. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export interface RedisNearProxy {
  readonly port: number;
  /** Where new connections lead. */
  targetPort: number;
  /** Keeps back the server's words to near reads, from now on, those of new connections too. */
  hold(): void;
  /** What is kept back. */
  heldBack(): string;
  /** Lets through what was kept back, in one piece for each connection. */
  release(): void;
  /** Breaks the connections for near reads. */
  cut(): void;
  close(): Promise<void>;
}

export async function startRedisNearProxy(targetPort: number): Promise<RedisNearProxy> {
  const sockets = new Set<Socket>();
  /** The connections for near reads, each with what is kept back from it. */
  const near = new Map<Socket, Buffer[]>();
  let holding = false;
  const server = createServer((client) => {
    const target = connect(proxy.targetPort, '127.0.0.1');
    for (const [socket, peer] of [
      [client, target],
      [target, client],
    ] as const) {
      sockets.add(socket);
      socket.setNoDelay();
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        near.delete(socket);
        peer.destroy();
      });
    }
    client.on('data', (bytes) => {
      if (bytes.includes('TRACKING')) near.set(client, []);
      target.write(bytes);
    });
    target.on('data', (bytes) => {
      if (holding && near.has(client)) near.get(client)?.push(bytes);
      else client.write(bytes);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('no port');
  const proxy: RedisNearProxy = {
    port: address.port,
    targetPort,
    hold: () => {
      holding = true;
    },
    heldBack: () => [...near.values()].flat().join(''),
    release: () => {
      holding = false;
      for (const [client, pieces] of near) client.write(Buffer.concat(pieces.splice(0)));
    },
    cut: () => {
      for (const client of near.keys()) client.destroy();
    },
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
  return proxy;
}
