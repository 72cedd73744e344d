/** `mongodb://` and `mongodb+srv://` – by Keyv's own adapter; no test of this site has met a MongoDB server. */
import type { KeyvMongo } from '@keyv/mongo';
import { Misconfigured } from '../errors.ts';
import type { Failure } from './backend.ts';
import { optionalPackage } from './optional-package.ts';
import type { PlainStore } from './single-instance-backend.ts';
import type { StoreState } from './store-unavailable.ts';

/** The database, if the URI names none. */
const DATABASE = 'concierge';
const COLLECTION = 'records';
/** Shorter than anything here waits, so that the driver has time to say why it failed. */
const DRIVER_MS = 800;

/** The server's error codes (`src/mongo/base/error_codes.yml`) for what it refuses to do. */
const STATES: ReadonlyMap<unknown, StoreState> = new Map([
  [13, 'refused'],
  [18, 'refused'],
  [8000, 'refused'],
  [10107, 'readonly'],
  [13435, 'readonly'],
  [12501, 'full'],
  [14031, 'full'],
]);

interface Connection {
  readonly adapter: KeyvMongo;
  /** Rejects if the adapter cannot connect; its operations would wait for ever then. */
  readonly failure: Promise<never>;
  /** Whether it is of no use: the adapter tries once. */
  readonly hasFailed: boolean;
}

/**
 * MongoDB could compare and write in one step. To serve several instances by it would be a promise
 * that no test has held against a server, so this serves one.
 */
export class MongoStore implements PlainStore {
  readonly label: string;
  readonly caveat =
    'MongoDB is supported untested: the tests of this site have met no such server.';
  readonly #connect: () => Connection;
  #connection: Connection;

  private constructor(label: string, connect: () => Connection) {
    this.label = label;
    this.#connect = connect;
    this.#connection = connect();
    // It has had no time yet to meet a server: the driver could not read the URI.
    if (this.#connection.hasFailed) {
      throw new Misconfigured(
        'TokenCache:Store: the MongoDB driver cannot read it. Write it like mongodb://<user>:<password>@<host>:<port>/<database>, percent-encoded.',
      );
    }
  }

  /**
   * A store that is connecting.
   *
   * @throws {Misconfigured} the URI cannot be read, or @keyv/mongo is not installed.
   */
  static async open(uri: string): Promise<MongoStore> {
    const library = await optionalPackage('@keyv/mongo', () => import('@keyv/mongo'));
    // What follows the last "@" is no part of a password, however badly it is encoded.
    const [address = ''] = uri.replace(/^.*@|^[a-z+]+:\/\//s, '').split('?');
    const hasDatabase = /\/[^/]/.test(address);
    const options = {
      collection: COLLECTION,
      ...(hasDatabase ? {} : { db: DATABASE }),
      serverSelectionTimeoutMS: DRIVER_MS,
      connectTimeoutMS: DRIVER_MS,
      socketTimeoutMS: DRIVER_MS,
    };
    const [scheme] = uri.split(':');
    return new MongoStore(`${scheme}://${address}`, () =>
      connection(library.KeyvMongo, uri, options),
    );
  }

  async get(name: string): Promise<string | undefined> {
    const kept: unknown = await this.#ask((adapter) => adapter.get(name));
    return typeof kept === 'string' ? kept : undefined;
  }

  set(name: string, value: string, ttlMs: number): Promise<unknown> {
    return this.#ask((adapter) => adapter.set(name, value, ttlMs));
  }

  delete(name: string): Promise<boolean> {
    return this.#ask((adapter) => adapter.delete(name));
  }

  async *names(prefix: string): AsyncIterable<string> {
    await this.#ask((adapter) => adapter.connect);
    const records = this.#connection.adapter.iterator(prefix.slice(0, prefix.lastIndexOf(':')));
    for await (const [name] of records) {
      if (typeof name === 'string' && name.startsWith(prefix)) yield name;
    }
  }

  renew(): void {
    this.close();
    this.#connection = this.#connect();
  }

  /** By names and codes alone: what the server says may hold what it was sent. */
  explain(error: unknown): Failure {
    if (!(error instanceof Error)) return { reason: 'unknown', outcome: 'unknown', state: 'down' };
    const state = 'code' in error ? STATES.get(error.code) : undefined;
    const isUnsent = state !== undefined || error.name === 'MongoServerSelectionError';
    return {
      reason: 'codeName' in error ? String(error.codeName) : error.name,
      outcome: isUnsent ? 'not-done' : 'unknown',
      state: state ?? 'down',
    };
  }

  /** Not waited for: an adapter that could not connect would never be done. */
  close(): void {
    this.#connection.adapter.disconnect().catch(() => undefined);
  }

  #ask<T>(work: (adapter: KeyvMongo) => Promise<T>): Promise<T> {
    if (this.#connection.hasFailed) this.renew();
    const { adapter, failure } = this.#connection;
    return Promise.race([work(adapter), failure]);
  }
}

function connection(
  Library: typeof KeyvMongo,
  uri: string,
  options: Record<string, unknown>,
): Connection {
  const { promise: failure, reject } = Promise.withResolvers<never>();
  failure.catch(() => undefined);
  let hasFailed = false;
  // It may tell of a failure while it is constructed, when nobody could listen yet.
  class Adapter extends Library {
    override emit(event: string | symbol, ...args: unknown[]): boolean {
      if (event !== 'error') return super.emit(event, ...args);
      hasFailed = true;
      reject(args[0]);
      return true;
    }
  }
  const adapter = new Adapter(uri, options);
  return {
    adapter,
    failure,
    get hasFailed() {
      return hasFailed;
    },
  };
}
