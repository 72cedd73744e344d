/** The names records are kept under: hashes, so that a copy of the store tells nobody's name. */
import { createHash, createHmac } from 'node:crypto';

/** Kinds that belong to an account: all of one account share its hash, and so a Redis Cluster slot. */
export type AccountKind = 'account' | 'lease';
/** Kinds named by an unguessable id. */
export type RandomKind = 'session' | 'transaction';

export class RecordNames {
  readonly #instanceName: string;
  readonly #indexKey: Buffer;

  constructor({ instanceName, indexKey }: { instanceName: string; indexKey: Buffer }) {
    this.#instanceName = instanceName;
    this.#indexKey = indexKey;
  }

  /** Keyed: account ids can be guessed, their names cannot. */
  forAccount(accountId: string, kind: AccountKind): string {
    const hash = createHmac('sha256', this.#indexKey).update(accountId).digest('hex');
    return this.#name(hash, kind);
  }

  forRandomId(id: string, kind: RandomKind): string {
    return this.#name(createHash('sha256').update(id).digest('hex'), kind);
  }

  #name(hash: string, kind: string): string {
    return `${this.#instanceName}:{${hash}}:${kind}`;
  }
}
