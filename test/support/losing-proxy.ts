/** A TCP proxy that can lose an answer: what was asked is done, and the connection breaks before the reply. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

const DOING_MS = 100;

export interface LosingProxy {
  readonly port: number;
  /** Breaks the connection on which `word` is asked next, when its reply comes. */
  loseAnswerTo(word: string): void;
  /** Whether new connections are taken. */
  open: boolean;
  /** Where new connections lead. */
  targetPort: number;
  close(): Promise<void>;
}

export async function startLosingProxy(targetPort: number): Promise<LosingProxy> {
  let losing: string | undefined;
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    if (!proxy.open) {
      client.destroy();
      return;
    }
    const target = connect(proxy.targetPort, '127.0.0.1');
    let lost = false;
    for (const [socket, peer] of [
      [client, target],
      [target, client],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        peer.destroy();
      });
    }
    client.on('data', (bytes) => {
      if (losing !== undefined && bytes.includes(losing)) {
        losing = undefined;
        lost = true;
      }
      target.write(bytes);
    });
    target.on('data', (bytes) => {
      // It may be the reply to what was asked before: then this one is still being done.
      if (lost) setTimeout(() => client.destroy(), DOING_MS);
      else client.write(bytes);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('no port');
  const proxy: LosingProxy = {
    port: address.port,
    open: true,
    targetPort,
    loseAnswerTo: (word) => {
      losing = word;
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
