/** The authority's signing keys: fetched once for all, kept through outages, renewed for a new key. */
import type { HttpExchange } from './http-exchange.ts';
import { KeptFresh } from '../kept-fresh.ts';
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

/** What a token's header asks for. */
export interface WantedKey {
  readonly kid: string | undefined;
  readonly algorithm: string;
  /** Whether anyone may have sent the token: such tokens use up some of the look-ups only. */
  readonly isFromAnyone?: boolean;
}

const FRESH_MS = 3_600_000;
const RETRY_MS = 60_000;
/**
 * An unknown key is looked for at once, so that a rotation fails no sign-in; but only so often, so
 * that tokens naming a key that does not exist cannot flood the authority.
 */
const LOOK_UPS = 5;
const LOOK_UPS_FOR_ANYONE = 2;
const LOOK_UPS_IN_MS = 300_000;
const LOOK_UP_AFTER_FAULT_MS = 1000;

export class SigningKeys {
  readonly #parts: SigningKeysParts;
  readonly #keys: KeptFresh<readonly SigningKey[]>;
  #lookedAt: readonly number[] = [];
  #notBefore = 0;
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
    if (!this.#looking && this.#mayLookAgain(wanted)) {
      this.#looking = this.#lookAgain().finally(() => {
        this.#looking = undefined;
      });
    }
    return this.#looking && pick(await this.#looking, wanted);
  }

  #mayLookAgain({ isFromAnyone }: WantedKey): boolean {
    const now = this.#parts.now();
    const most = isFromAnyone ? LOOK_UPS_FOR_ANYONE : LOOK_UPS;
    // What lies ahead was noted before the clock was set back, and would hold for as long again.
    this.#lookedAt = this.#lookedAt.filter((at) => at <= now && now - at < LOOK_UPS_IN_MS);
    const waitMs = this.#notBefore - now;
    return this.#lookedAt.length < most && (waitMs <= 0 || waitMs > LOOK_UP_AFTER_FAULT_MS);
  }

  async #lookAgain(): Promise<readonly SigningKey[]> {
    const now = this.#parts.now();
    this.#notBefore = now + LOOK_UP_AFTER_FAULT_MS;
    const keys = await this.#keys.reload();
    this.#notBefore = 0;
    this.#lookedAt = [...this.#lookedAt, now];
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
