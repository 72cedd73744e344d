/** The authority's signing keys: fetched once for all, kept through outages, renewed for a new key. */
import type { HttpExchange } from './http-exchange.ts';
import { KeptFresh } from './kept-fresh.ts';
import { fitsAlgorithm, type SigningKey, usableSigningKeys } from './signing-key.ts';
import { unreachable, unusableAnswer } from './transport-error.ts';

export interface SigningKeysParts {
  readonly http: HttpExchange;
  /** Where the keys are now. */
  readonly url: () => Promise<string>;
  readonly now: () => number;
  readonly fetchMs: number;
  readonly onStale: (error: unknown) => void;
}

/** What an ID token's header asks for. */
export interface WantedKey {
  readonly kid: string | undefined;
  readonly algorithm: string;
}

const FRESH_MS = 3_600_000;
const RETRY_MS = 60_000;
/**
 * An unknown key is looked for at once, so that a rotation fails no sign-in; after that at most
 * once in this time, so that tokens naming a key that does not exist cannot flood the authority.
 */
const UNKNOWN_KEY_MS = 60_000;
const UNKNOWN_KEY_AFTER_FAULT_MS = 1000;

export class SigningKeys {
  readonly #parts: SigningKeysParts;
  readonly #keys: KeptFresh<readonly SigningKey[]>;
  #lookAgainAt = 0;
  #looking: Promise<readonly SigningKey[]> | undefined;

  constructor(parts: SigningKeysParts) {
    this.#parts = parts;
    this.#keys = new KeptFresh({
      load: () => this.#load(),
      freshMs: FRESH_MS,
      retryMs: RETRY_MS,
      now: parts.now,
      onStale: parts.onStale,
    });
  }

  /**
   * The key that is wanted; `undefined` if the authority does not have it.
   *
   * @throws {Unavailable} it is not among those kept, and the authority does not answer.
   */
  async find(wanted: WantedKey): Promise<SigningKey | undefined> {
    const found = pick(await this.#keys.current(), wanted);
    if (found) return found;
    if (!this.#looking && this.#parts.now() >= this.#lookAgainAt) {
      this.#looking = this.#lookAgain().finally(() => {
        this.#looking = undefined;
      });
    }
    return this.#looking && pick(await this.#looking, wanted);
  }

  async #lookAgain(): Promise<readonly SigningKey[]> {
    this.#lookAgainAt = this.#parts.now() + UNKNOWN_KEY_AFTER_FAULT_MS;
    const keys = await this.#keys.reload();
    this.#lookAgainAt = this.#parts.now() + UNKNOWN_KEY_MS;
    return keys;
  }

  async #load(): Promise<readonly SigningKey[]> {
    const { http, url, fetchMs, now } = this.#parts;
    const headers = { accept: 'application/json' };
    const answer = await http
      .send(await url(), { timeoutMs: fetchMs, headers })
      .catch((error: unknown) => {
        throw unreachable(error);
      });
    const keys = answer.status === 200 ? await usableSigningKeys(answer.json) : [];
    if (keys.length === 0) throw unusableAnswer(answer, 'signing keys', now());
    return keys;
  }
}

function pick(keys: readonly SigningKey[], { kid, algorithm }: WantedKey): SigningKey | undefined {
  const fitting = keys.filter((key) => fitsAlgorithm(key, algorithm));
  // A token without a key id is only clear where there is one key (OpenID Connect Core §10.1).
  if (kid === undefined) return fitting.length === 1 ? fitting[0] : undefined;
  return fitting.find((key) => key.kid === kid);
}
