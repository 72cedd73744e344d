/** `memcached://` – a memcached server, by Keyv's own adapter; it forgets when it is full or restarted. */
import type { KeyvMemcache } from '@keyv/memcache';
import type { Failure } from './backend.ts';
import { type HostUri, readHostUri } from './host-uri.ts';
import { optionalPackage } from '../optional-package.ts';
import type { PlainStore } from './single-instance-backend.ts';

const PORT = 11211;
/** From here on memcached takes a time to live for a time of day, in Unix seconds. */
const MAX_RELATIVE_SECONDS = 30 * 24 * 3600;
/** Items have 1 MB with name and header. What memcached cannot overwrite for its size it drops. */
const MAX_BYTES = 1_000_000;
/** Longer than anything here waits: memjs, when it times out by itself, leaves its socket open. */
const OWN_TIMEOUT_SECONDS = 60;

/** It was not sent: an item cannot be as large. */
class TooLarge extends Error {
  override readonly name = 'TooLarge';
}

/** What is used of memjs, the adapter's client, which brings no types. */
interface Memjs {
  readonly servers: readonly {
    /** Destroys the connection, and fails what waits for an answer there. */
    error(error: Error): void;
  }[];
}

/**
 * memjs has no compare-and-swap, so this serves one instance. After a failure the client is made
 * anew: when an old connection of memjs closes late, it loses the new one.
 *
 * Names are far shorter than the 250 bytes that memcached takes.
 */
export class MemcachedStore implements PlainStore {
  readonly label: string;
  readonly caveat =
    'memcached forgets what it keeps when it is restarted or full, and people sign in again then.';
  readonly #connect: () => KeyvMemcache;
  readonly #now: () => number;
  #adapter: KeyvMemcache;

  private constructor(label: string, connect: () => KeyvMemcache, now: () => number) {
    this.label = label;
    this.#connect = connect;
    this.#now = now;
    this.#adapter = connect();
  }

  /**
   * A store that connects when it is first asked.
   *
   * @throws {Misconfigured} the URI cannot be read, or @keyv/memcache is not installed.
   */
  static async open(uri: string, now: () => number): Promise<MemcachedStore> {
    const address = readHostUri(uri, PORT);
    const library = await optionalPackage(
      'TokenCache:Store',
      '@keyv/memcache',
      () => import('@keyv/memcache'),
    );
    const connect = () => new library.KeyvMemcache(address.host, optionsFor(address));
    return new MemcachedStore(address.label, () => listenedTo(connect()), now);
  }

  async get(name: string): Promise<string | undefined> {
    // What is absent the adapter gives as an object.
    const kept: unknown = await this.#adapter.get(name);
    return typeof kept === 'string' ? kept : undefined;
  }

  async set(name: string, value: string, ttlMs: number): Promise<void> {
    if (Buffer.byteLength(value) > MAX_BYTES) throw new TooLarge('larger than an item may be');
    await this.#adapter.set(name, value, 1000 * expirySeconds(ttlMs, this.#now()));
  }

  delete(name: string): Promise<boolean> {
    return this.#adapter.delete(name);
  }

  renew(): void {
    this.close();
    this.#adapter = this.#connect();
  }

  explain(error: unknown): Failure {
    if (error instanceof TooLarge) {
      const reason = 'a record is larger than the 1 MB that memcached keeps';
      return { reason, outcome: 'not-done', state: 'full' };
    }
    const reply = replyOf(error);
    if (reply !== undefined) return { reason: reply, outcome: 'unknown', state: stateOf(reply) };
    const reason = connectionReason(error);
    return { reason, outcome: reason === 'ECONNREFUSED' ? 'not-done' : 'unknown', state: 'down' };
  }

  close(): void {
    const client: Memjs = this.#adapter.client;
    for (const server of client.servers) server.error(new Error('given up'));
  }
}

function optionsFor({ credentials }: HostUri) {
  return {
    ...credentials,
    timeout: OWN_TIMEOUT_SECONDS,
    // One try: a second one would come after we have given up.
    retries: 1,
    logger: { log: () => undefined },
    deserialize: (bytes: Buffer) => bytes.toString('utf8'),
  };
}

/** Without a listener the adapter would throw what it also rejects with. */
function listenedTo(adapter: KeyvMemcache): KeyvMemcache {
  return adapter.on('error', () => undefined);
}

/** Rounded up, and one more: memcached's clock ticks in seconds. */
function expirySeconds(ttlMs: number, now: number): number {
  const seconds = Math.ceil(ttlMs / 1000) + 1;
  return seconds < MAX_RELATIVE_SECONDS ? seconds : Math.ceil(now / 1000) + seconds;
}

/** What an answer of memcached says, where it is no success. */
function replyOf(error: unknown): string | undefined {
  // memjs tells of a refused password by a text.
  if (typeof error === 'string') return error;
  return error instanceof Error ? /^MemJS [A-Z]+: (.*)$/.exec(error.message)?.[1] : undefined;
}

function stateOf(reply: string): Failure['state'] {
  if (/authentication/i.test(reply)) return 'refused';
  return reply === 'Out of memory' || reply === 'Value too large' ? 'full' : 'down';
}

function connectionReason(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  return 'code' in error ? String(error.code) : error.message;
}
