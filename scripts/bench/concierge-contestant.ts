/** This project's broker on a store, as a contestant. */
import type { Account } from '../../src/broker/account.ts';
import type { TokenBroker } from '../../src/broker/token-broker.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { accountNumber, accountsAtRandom, GRAPH, GRAPH_TOKEN_LENGTH } from './bench-accounts.ts';
import { benchBroker, benchNames, openBenchStorage } from './bench-broker.ts';
import { type Calls, type Contestant, type Entry, IN_USE, type Workload } from './contestant.ts';
import { AccountSealer } from './seal-accounts.ts';

/** How many accounts one round may meet for the first time. */
const NEW_ACCOUNTS = 4000;

interface Parts {
  readonly storage: Storage;
  readonly broker: TokenBroker;
}

export class ConciergeContestant implements Contestant {
  readonly #entry: Entry;
  readonly #storage: Storage;
  readonly #broker: TokenBroker;
  readonly #inUse: readonly Account[];

  private constructor(entry: Entry, { storage, broker }: Parts) {
    this.#entry = entry;
    this.#storage = storage;
    this.#broker = broker;
    this.#inUse = accountsAtRandom(IN_USE, entry.accounts);
  }

  static async open(entry: Entry): Promise<ConciergeContestant> {
    const storage = await openBenchStorage(entry.uri);
    if (!storage.shared) await fill(storage, entry.accounts);
    return new ConciergeContestant(entry, { storage, broker: brokerOn(storage) });
  }

  async prepare(workload: Workload): Promise<Calls> {
    switch (workload) {
      case 'one':
        return this.#overAndOver(() => this.#inUse[0]);
      case 'warm':
        for (const account of this.#inUse) await acquire(this.#broker, account);
        return this.#overAndOver((turn) => this.#inUse[turn % this.#inUse.length]);
      case 'anyone': {
        const { accounts } = this.#entry;
        return this.#overAndOver(() => accountNumber(Math.floor(Math.random() * accounts)));
      }
      case 'cold':
        return await this.#eachOnce();
    }
  }

  async close(): Promise<void> {
    await this.#broker.close(0);
    await this.#storage.close();
  }

  #overAndOver(pick: (turn: number) => Account | undefined): Calls {
    let turn = 0;
    return {
      next: () => {
        const account = pick(turn);
        turn += 1;
        return account && acquire(this.#broker, account);
      },
      close: () => Promise.resolve(),
    };
  }

  async #eachOnce(): Promise<Calls> {
    const parts = await this.#newParts();
    const accounts = accountsAtRandom(NEW_ACCOUNTS, this.#entry.accounts).values();
    return {
      next: () => {
        const { value } = accounts.next();
        return value && acquire(parts.broker, value);
      },
      close: () => this.#end(parts),
    };
  }

  /** Those of a process that has seen no account, but has asked its store for something. */
  async #newParts(): Promise<Parts> {
    const storage = this.#storage.shared ? await openBenchStorage(this.#entry.uri) : this.#storage;
    await storage.get(benchNames.forAccount('nobody', 'account'));
    return { storage, broker: brokerOn(storage) };
  }

  async #end({ storage, broker }: Parts): Promise<void> {
    await broker.close(0);
    if (storage !== this.#storage) await storage.close();
  }
}

async function acquire(broker: TokenBroker, account: Account): Promise<void> {
  const { value } = await broker.acquireToken(account, GRAPH);
  if (value.length !== GRAPH_TOKEN_LENGTH) throw new Error('not the token that was kept');
}

function brokerOn(storage: Storage): TokenBroker {
  return benchBroker(storage, () => Promise.reject(new Error('a kept token was refreshed')));
}

async function fill(storage: Storage, accounts: number): Promise<void> {
  const sealer = await AccountSealer.create();
  for (const { name, bytes, ttlMs } of await sealer.seal(0, accounts)) {
    await storage.set(name, bytes, ttlMs);
  }
}
