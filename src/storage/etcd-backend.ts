/** `etcd://` and `etcds://` – a store that any number of instances share, by transactions and leases of etcd. */
import type { Etcd3, ICompare, IOptions, IRequestOp } from 'etcd3';
import { AnswerWatch } from './answer-watch.ts';
import type { Backend, Failure } from './backend.ts';
import { explainEtcdFailure, isLeaseUnknown } from './etcd-failure.ts';
import { EtcdLeases } from './etcd-leases.ts';
import { readHostUri } from './host-uri.ts';
import { optionalPackage } from '../optional-package.ts';
import type { Replaced } from './storage.ts';

const PORT = 2379;
const PROBE_KEY = Buffer.from('concierge:probe');
/** A little more than `AnswerWatch` waits: only to let go of a request. */
const DEADLINE_MS = 1100;
const ERASE_AT_ONCE = 500;
type Policy = NonNullable<NonNullable<IOptions['faultHandling']>['global']>;

/**
 * A lease ends each record: some seconds, or a 64th of its time to live, later than asked.
 *
 * Keyv's own adapter, @keyv/etcd, keeps to no time to live and to no time limit. Its client asks
 * again when an answer is lost, and then takes its own deed for a conflict.
 */
export class EtcdBackend implements Backend {
  readonly adapter = this;
  readonly label: string;
  readonly shared = true;
  readonly opts = {};
  readonly #client: Etcd3;
  /** Has no password: etcd3 loses some memory whenever it signs in, and would for each probe. */
  readonly #stranger: Etcd3;
  readonly #leases: EtcdLeases;
  readonly #watch: AnswerWatch;

  private constructor(client: Etcd3, stranger: Etcd3, label: string) {
    this.#client = client;
    this.#stranger = stranger;
    this.label = label;
    this.#leases = new EtcdLeases(async (TTL) => (await client.leaseClient.leaseGrant({ TTL })).ID);
    this.#watch = new AnswerWatch({
      probe: () => stranger.kv.range({ key: PROBE_KEY }),
      explain: explainEtcdFailure,
    });
  }

  /**
   * A backend that connects when it is first asked.
   *
   * @throws {Misconfigured} the URI cannot be read, or etcd3 is not installed.
   */
  static async open(uri: string): Promise<EtcdBackend> {
    const { host, label, credentials } = readHostUri(uri, PORT);
    const library = await optionalPackage('TokenCache:Store', 'etcd3', () => import('etcd3'));
    const options: IOptions = {
      hosts: `${uri.startsWith('etcds:') ? 'https' : 'http'}://${host}`,
      // The wall clock, because gRPC has its deadlines by it.
      defaultCallOptions: () => ({ deadline: Date.now() + DEADLINE_MS }),
      faultHandling: { global: ONCE, host: () => ONCE },
      grpcOptions: { 'grpc.enable_retries': 0 },
    };
    const client = new library.Etcd3({ ...options, ...(credentials && { auth: credentials }) });
    return new EtcdBackend(client, new library.Etcd3(options), label);
  }

  get(name: string): Promise<string | undefined> {
    return this.#watch.ask(async () => {
      const { kvs } = await this.#client.kv.range({ key: Buffer.from(name) });
      return kvs[0]?.value.toString('utf8');
    });
  }

  set(name: string, value: string, ttlMs: number): Promise<boolean> {
    return this.#commit([], name, value, ttlMs);
  }

  delete(name: string): Promise<boolean> {
    return this.#commit([], name, undefined, 0);
  }

  async replace(
    name: string,
    expected: string | undefined,
    next: string | undefined,
    ttlMs: number,
  ): Promise<Replaced> {
    const isDone = await this.#commit([comparison(name, expected)], name, next, ttlMs);
    return isDone ? 'replaced' : 'conflict';
  }

  async erase(prefix: string): Promise<number> {
    const { start, end } = this.#client.range({ prefix });
    const page = { key: start, range_end: end, limit: ERASE_AT_ONCE, keys_only: true };
    for (let count = 0; ; ) {
      const { kvs } = await this.#watch.ask(() => this.#client.kv.range(page));
      const last = kvs.at(-1);
      if (!last) return count;
      const range_end = Buffer.concat([last.key, Buffer.of(0)]);
      const { deleted } = await this.#watch.ask((beforeWrite) => {
        beforeWrite();
        return this.#client.kv.deleteRange({ key: start, range_end });
      });
      count += Number(deleted);
    }
  }

  /** Keyv takes no adapter without it, and nobody here calls it: it would not stop at our records. */
  clear(): never {
    throw new TypeError('erase what is of one instance instead');
  }

  assertReady(): void {
    this.#watch.assertReady();
  }

  explain(error: unknown): Failure {
    return this.#watch.explain(error);
  }

  close(): void {
    this.#watch.close();
    this.#client.close();
    this.#stranger.close();
  }

  /** Writes or deletes if the comparisons hold; whether they did. */
  #commit(
    compare: ICompare[],
    name: string,
    next: string | undefined,
    ttlMs: number,
  ): Promise<boolean> {
    return this.#watch.ask(async (beforeWrite) => {
      const commit = async () => {
        const success = [await this.#change(name, next, ttlMs)];
        beforeWrite();
        return await this.#client.kv.txn({ compare, success });
      };
      try {
        return (await commit()).succeeded;
      } catch (error) {
        // It was started anew without its data, or this process stood still: nothing was done.
        if (!isLeaseUnknown(error)) throw error;
        this.#leases.forget();
        return (await commit()).succeeded;
      }
    });
  }

  async #change(name: string, next: string | undefined, ttlMs: number): Promise<IRequestOp> {
    const key = Buffer.from(name);
    if (next === undefined) return { request_delete_range: { key } };
    const lease = await this.#leases.take(ttlMs);
    return { request_put: { key, value: Buffer.from(next), lease } };
  }
}

function comparison(name: string, expected: string | undefined): ICompare {
  const key = Buffer.from(name);
  if (expected === undefined) return { key, result: 'Equal', target: 'Version', version: 0 };
  return { key, result: 'Equal', target: 'Value', value: Buffer.from(expected) };
}

/** One try: the client's own would ask again, and lose track of what it has done. */
const ONCE: Policy = {
  execute: async (work) => work({ signal: new AbortController().signal }),
  onSuccess: () => ({ dispose: () => undefined }),
  onFailure: () => ({ dispose: () => undefined }),
  get _altReturn(): never {
    throw new TypeError('for the type checker alone');
  },
};
