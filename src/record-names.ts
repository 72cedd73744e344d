/** The names records are kept under: hashes, so that a copy of the store tells nobody's name. */
import { createHash, createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { LRUCache } from 'lru-cache';

/** Kinds that belong to an account: all of one account share its hash, and so a Redis Cluster slot. */
export type AccountKind = 'account' | 'lease' | 'ended';
/** Kinds that belong to this site itself. */
export type SiteKind = 'app' | 'lease' | 'quiet';
/** Kinds named by an unguessable id. */
export type RandomKind =
  | 'session'
  | 'successor'
  | 'transaction'
  | 'response'
  | 'form'
  | 'browser'
  | 'sid'
  | 'ended-sid'
  | 'logout';

/** Of accounts in use: every request asks for the same name a few times. */
const MAX_HASHES = 5000;

interface RecordNamesOptions {
  readonly instanceName: string;
  readonly indexKey: Buffer;
  /** What the site's own tokens are of, which a store may outlive. */
  readonly ownName?: string;
}

export class RecordNames {
  readonly #instanceName: string;
  readonly #indexKey: KeyObject;
  readonly #ownName: string;
  readonly #hashes = new LRUCache<string, string>({ max: MAX_HASHES });

  constructor({ instanceName, indexKey, ownName = '' }: RecordNamesOptions) {
    this.#instanceName = instanceName;
    this.#ownName = ownName;
    this.#indexKey = createSecretKey(indexKey);
  }

  /** Keyed: account ids can be guessed, their names cannot. */
  forAccount(accountId: string, kind: AccountKind): string {
    return this.#name(this.#keyedHash(accountId), kind);
  }

  /** For what is the site's own at a tenant; no account id begins like this. */
  forSite(tenantId: string | undefined, kind: SiteKind): string {
    const tenant = tenantId?.toLowerCase() ?? '';
    return this.#name(this.#keyedHash(`site ${this.#ownName} ${tenant}`), kind);
  }

  forRandomId(id: string, kind: RandomKind): string {
    return this.forHash(createHash('sha256').update(id).digest('hex'), kind);
  }

  /** For an id that is known here by its SHA-256 in hex only. */
  forHash(hash: string, kind: RandomKind): string {
    return this.#name(hash, kind);
  }

  #keyedHash(text: string): string {
    const known = this.#hashes.get(text);
    if (known !== undefined) return known;
    const hash = createHmac('sha256', this.#indexKey).update(text).digest('hex');
    this.#hashes.set(text, hash);
    return hash;
  }

  #name(hash: string, kind: string): string {
    return `${this.#instanceName}:{${hash}}:${kind}`;
  }
}
