/** The floors: what a bare read of the same text costs, with nothing opened, checked or chosen. */
import { createClient } from '@keyv/redis';
import { type accountNumber, accountsAtRandom } from './bench-accounts.ts';
import { benchNames } from './bench-broker.ts';
import { type Calls, type Contestant, type Entry, IN_USE } from './contestant.ts';
import { AccountSealer } from './seal-accounts.ts';

export class FloorContestant implements Contestant {
  readonly #names: readonly string[];
  readonly #read: (name: string) => Promise<string | null | undefined>;
  readonly #end: () => Promise<unknown>;

  private constructor(
    names: readonly string[],
    read: (name: string) => Promise<string | null | undefined>,
    end: () => Promise<unknown>,
  ) {
    this.#names = names;
    this.#read = read;
    this.#end = end;
  }

  static async open({ kind, uri, accounts }: Entry): Promise<FloorContestant> {
    const names = accountsAtRandom(IN_USE, accounts).map(nameOf);
    if (kind === 'map') {
      const sealer = await AccountSealer.create();
      const sealed = await sealer.seal(0, Math.min(IN_USE, accounts));
      const records = new Map(sealed.map(({ name, bytes }) => [name, bytes]));
      return new FloorContestant(
        [...records.keys()],
        async (name) => records.get(name),
        async () => {},
      );
    }
    const client = createClient({ url: uri });
    await client.connect();
    return new FloorContestant(
      names,
      (name) => client.get(name),
      () => client.close(),
    );
  }

  async prepare(): Promise<Calls> {
    let turn = 0;
    return {
      next: () => {
        const name = this.#names[turn % this.#names.length];
        turn += 1;
        return name === undefined ? undefined : this.#readKept(name);
      },
      close: () => Promise.resolve(),
    };
  }

  async close(): Promise<void> {
    await this.#end();
  }

  async #readKept(name: string): Promise<void> {
    if (!(await this.#read(name))) throw new Error('not there');
  }
}

function nameOf(account: ReturnType<typeof accountNumber>): string {
  return benchNames.forAccount(account.id, 'account');
}
