/** The Redis client as it is used here: it queues nothing, connects once, and costs little to make. */
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import { createClient, type RedisClientOptions } from '@keyv/redis';
import { NotConnected } from './redis-failure.ts';

const CONNECT_MS = 500;
const HANDSHAKE_MS = 1000;

const PLAIN: RedisClientOptions = { maintNotifications: 'disabled' };
const TOLD: RedisClientOptions = { ...PLAIN, RESP: 3, emitInvalidate: true };

export type RedisClient = ReturnType<typeof createClient>;

/** Hears what is not true any more of what was read; `undefined` stands for all names. */
export type OnInvalid = (name: string | undefined) => void;

/**
 * Makes the clients of one store. They are copies of one that is never connected: the library
 * builds a class of its own for each other address, which takes long.
 */
export class RedisClients {
  readonly #hostnames: readonly string[];
  #plain: RedisClient | undefined;
  #told: RedisClient | undefined;

  /** A server's certificate may be for one of these names, too. */
  constructor(hostnames: readonly string[]) {
    this.#hostnames = hostnames;
  }

  /** With `onInvalid` it is told of changes to what is read with it (CLIENT TRACKING). */
  make(url: string, onInvalid?: OnInvalid): RedisClient {
    if (!onInvalid) {
      this.#plain ??= createClient({ ...PLAIN });
      return this.#plain.duplicate({ ...PLAIN, ...this.#options(url) });
    }
    this.#told ??= createClient({ ...TOLD });
    const client = this.#told.duplicate({ ...TOLD, ...this.#options(url) });
    client.on('invalidate', (name: unknown) => onInvalid(name === null ? undefined : String(name)));
    return client;
  }

  #options(url: string): RedisClientOptions {
    const socket = {
      connectTimeout: CONNECT_MS,
      reconnectStrategy: false,
    } as const;
    return {
      url,
      disableOfflineQueue: true,
      commandsQueueMaxLength: 10_000,
      socket: url.startsWith('rediss:')
        ? { ...socket, tls: true, checkServerIdentity: anyNameOf(this.#hostnames) }
        : socket,
    };
  }
}

/**
 * Connects, and gives what `ask` gives, within a second in all; else the client is destroyed. The
 * library's own limit on silence would hold on after that, and take a connection for broken after
 * a time in which only this process itself was held up.
 *
 * @throws {NotConnected} the server takes connections and does not answer.
 */
export async function connectAndAsk<T>(
  client: RedisClient,
  ask: (client: RedisClient) => Promise<T>,
): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    // An answer that came while this process itself was held up is read before the verdict.
    setImmediate(() => late.reject(new NotConnected('it is silent')));
  }, HANDSHAKE_MS);
  const answered = client.connect().then(() => ask(client));
  try {
    return await Promise.race([answered, late.promise]);
  } catch (error) {
    if (client.isOpen) client.destroy();
    // What it then says of its own end is no news.
    answered.catch(() => undefined);
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Servers tell of each other by address, while their certificates are for the names that the
 * operator knows: such a name proves as much, since the server that told us had to prove its own.
 */
function anyNameOf(hostnames: readonly string[]) {
  return (host: string, certificate: PeerCertificate): Error | undefined => {
    const faults = [host, ...hostnames].map((name) => checkServerIdentity(name, certificate));
    return faults.includes(undefined) ? undefined : faults[0];
  };
}
