/** `mongodb://` and `mongodb+srv://` – by MongoDB's own driver; no test of this site has met a MongoDB server. */
import type { Collection, MongoClient } from 'mongodb';
import { Misconfigured } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Failure } from './backend.ts';
import { optionalPackage } from '../optional-package.ts';
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

/** What the driver says of an operation that it had no server for. */
const UNSENT: readonly string[] = ['MongoServerSelectionError', 'MongoTopologyClosedError'];

interface Kept {
  readonly _id: string;
  readonly value: string;
  /** MongoDB sweeps by this, once a minute. */
  readonly expiresAt: Date;
}

interface MongoStoreOptions {
  readonly now: () => number;
  readonly log: Log;
}

/**
 * MongoDB could compare and write in one step. To serve several instances by it would be a promise
 * that no test has held against a server, so this serves one.
 *
 * Keyv's own adapter, @keyv/mongo, connects once: if that fails, its operations wait for ever, and
 * the client it made cannot be closed.
 */
export class MongoStore implements PlainStore {
  readonly label: string;
  readonly caveat =
    'MongoDB is supported untested: the tests of this site have met no such server.';
  readonly #connect: () => MongoClient;
  #client: MongoClient;
  readonly #now: () => number;
  readonly #log: Log;
  #isSwept = false;

  private constructor(
    connect: () => MongoClient,
    address: string,
    { now, log }: MongoStoreOptions,
  ) {
    this.label = address;
    this.#connect = connect;
    this.#client = connect();
    this.#now = now;
    this.#log = log;
  }

  /**
   * A store that connects when it is first asked.
   *
   * @throws {Misconfigured} the URI cannot be read, or mongodb is not installed.
   */
  static async open(uri: string, options: MongoStoreOptions): Promise<MongoStore> {
    const library = await optionalPackage('TokenCache:Store', 'mongodb', () => import('mongodb'));
    // What follows the last "@" is no part of a password, however badly it is encoded.
    const address = uri.replace(/\/\/.*@/s, '//').replace(/\?.*/s, '');
    const connect = () =>
      new library.MongoClient(uri, {
        serverSelectionTimeoutMS: DRIVER_MS,
        connectTimeoutMS: DRIVER_MS,
        socketTimeoutMS: DRIVER_MS,
        retryWrites: false,
      });
    try {
      return new MongoStore(connect, address, options);
    } catch {
      // The driver's own words may hold parts of the URI.
      throw new Misconfigured(
        'TokenCache:Store: the MongoDB driver cannot read it. Write it like mongodb://<user>:<password>@<host>:<port>/<database>, percent-encoded.',
      );
    }
  }

  async get(name: string): Promise<string | undefined> {
    return (await this.#records.findOne({ _id: name }))?.value;
  }

  async set(name: string, value: string, ttlMs: number): Promise<void> {
    const $set = { value, expiresAt: new Date(this.#now() + ttlMs) };
    await this.#records.updateOne({ _id: name }, { $set }, { upsert: true });
    this.#sweep();
  }

  async delete(name: string): Promise<boolean> {
    return (await this.#records.deleteOne({ _id: name })).deletedCount > 0;
  }

  async *names(prefix: string): AsyncIterable<string> {
    // From the prefix on, and before the first that is greater than all that begin with it.
    const beyond =
      prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);
    const range = { _id: { $gte: prefix, $lt: beyond } };
    for await (const { _id } of this.#records.find(range, { projection: { _id: 1 } })) yield _id;
  }

  /** A client that failed to connect while several operations waited would fail for ever. */
  renew(): void {
    this.close();
    this.#client = this.#connect();
  }

  /** By names and codes alone: what the server says may hold what it was sent. */
  explain(error: unknown): Failure {
    if (!(error instanceof Error)) return { reason: 'unknown', outcome: 'unknown', state: 'down' };
    const state = 'code' in error ? STATES.get(error.code) : undefined;
    const isUnsent = state !== undefined || UNSENT.includes(error.name);
    return {
      reason: 'codeName' in error ? String(error.codeName) : error.name,
      outcome: isUnsent ? 'not-done' : 'unknown',
      state: state ?? 'down',
    };
  }

  /** Not waited for: it takes leave of servers that may be away. */
  close(): void {
    this.#client.close().catch(() => undefined);
  }

  get #records(): Collection<Kept> {
    const hasDatabase = /:\/\/[^/]*\/[^/]/.test(this.label);
    return this.#client.db(hasDatabase ? undefined : DATABASE).collection(COLLECTION);
  }

  /** Has MongoDB delete what has expired: asked for once, after a write that worked without. */
  #sweep(): void {
    if (this.#isSwept) return;
    this.#isSwept = true;
    this.#records
      .createIndex({ expiresAt: 1 }, { expireAfterSeconds: 0 })
      .catch((error: unknown) => {
        const { reason, state } = this.explain(error);
        // While it is away it is asked again; what it refuses it would refuse again.
        if (state === 'down') this.#isSwept = false;
        else
          this.#log.warn(
            { event: 'store_sweep_failed', store: this.label, reason },
            'MongoDB will not delete what has expired: its index could not be made',
          );
      });
  }
}
