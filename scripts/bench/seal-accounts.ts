/** Account records as the broker itself keeps them, sealed for their names, made fast for a bench. */
import { z } from 'zod';
import { Records } from '../../src/records.ts';
import type { Storage } from '../../src/storage/storage.ts';
import {
  type AccountTexts,
  API_SCOPES,
  accountNumber,
  GRAPH_SCOPES,
  LIFE_SECONDS,
  TENANT_ID,
  textsFor,
} from './bench-accounts.ts';
import {
  benchBroker,
  benchKeyRing,
  benchLog,
  benchNames,
  openBenchStorage,
  SESSION_MS,
} from './bench-broker.ts';

export interface SealedRecord {
  readonly name: string;
  readonly bytes: string;
  readonly ttlMs: number;
}

const ID = '{{id}}';
const texts: AccountTexts = {
  name: '{{name}}',
  username: '{{username}}',
  objectId: '{{objectId}}',
  subject: '{{subject}}',
  loginHint: '{{loginHint}}',
  sid: '{{sid}}',
  graphToken: '{{graphToken}}',
  apiToken: '{{apiToken}}',
  refreshToken: '{{refreshToken}}',
};

/** Makes records by number; the pattern all follow was written by a broker. */
export class AccountSealer {
  readonly #pattern: string;
  readonly #kept = new KeptForLater();
  readonly #records = recordsIn(this.#kept);

  private constructor(pattern: string) {
    this.#pattern = pattern;
  }

  static async create(): Promise<AccountSealer> {
    return new AccountSealer(await pattern());
  }

  /** The records of the accounts from one number up to another, which is left out. */
  async seal(from: number, to: number): Promise<SealedRecord[]> {
    for (let number = from; number < to; number += 1) {
      const account = accountNumber(number);
      const parts = new Map(Object.entries({ ...account, ...textsFor(account) }));
      const text = this.#pattern.replace(/\{\{(\w+)\}\}/g, (_, part) => parts.get(part) ?? '');
      const name = benchNames.forAccount(account.id, 'account');
      await this.#records.replace(name, undefined, JSON.parse(text), Date.now() + SESSION_MS);
    }
    return this.#kept.takeAll();
  }
}

/** A store that takes every record and hands it on. */
class KeptForLater implements Storage {
  readonly label = 'bench';
  readonly shared = false;
  #taken: SealedRecord[] = [];

  takeAll(): SealedRecord[] {
    const taken = this.#taken;
    this.#taken = [];
    return taken;
  }

  async replace(name: string, _: unknown, next: string | undefined, ttlMs: number) {
    if (next !== undefined) this.#taken.push({ name, bytes: next, ttlMs });
    return 'replaced' as const;
  }

  async get(): Promise<undefined> {}
  async set(): Promise<void> {}
  async delete(): Promise<void> {}
  async erase(): Promise<number> {
    return 0;
  }
  async ping(): Promise<void> {}
  async close(): Promise<void> {}
}

/** An account signed in at Graph and then at another API, as JSON with places for texts of its own. */
async function pattern(): Promise<string> {
  const storage = await openBenchStorage('memory:');
  const { name, username, objectId, subject, loginHint, sid, ...tokens } = texts;
  const response = {
    accessToken: tokens.apiToken,
    refreshToken: tokens.refreshToken,
    scopes: API_SCOPES,
    expiresInSeconds: LIFE_SECONDS,
    refreshInSeconds: undefined,
    identity: {
      accountId: ID,
      issuer: `https://login.microsoftonline.com/${TENANT_ID}/v2.0`,
      ...{ tenantId: TENANT_ID, name, username, objectId, subject, loginHint, sid },
    },
  };
  const broker = benchBroker(storage, async () => ({ kind: 'verified', response }));
  try {
    const account = await broker.keep({
      ...response,
      accessToken: tokens.graphToken,
      scopes: GRAPH_SCOPES,
      askedScopes: GRAPH_SCOPES,
      sessionId: '1Hq0vT6n4wPZ2bUcXk9sLrYdJf3mGaEo8iNzVtQyWhB',
      begunAt: Date.now(),
    });
    await broker.acquireToken(account, { scopes: API_SCOPES });
    const record = await recordsIn(storage).read(benchNames.forAccount(ID, 'account'));
    return JSON.stringify(record?.value).replaceAll(account.epoch, '{{epoch}}');
  } finally {
    await broker.close(0);
    await storage.close();
  }
}

/** Account records as values of no known shape: what a broker wrote is right. */
function recordsIn(storage: Storage): Records<unknown> {
  const kept = { storage, keyRing: benchKeyRing, now: Date.now, log: benchLog };
  return new Records({ ...kept, schema: z.unknown() });
}
