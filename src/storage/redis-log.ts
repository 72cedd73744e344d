/** What is logged of the connections to Redis: each kind of failure once, until it works again. */
import type { Log } from '../log.ts';
import { explainRedisFailure } from './redis-failure.ts';

export class RedisLog {
  readonly #log: Log;
  readonly #label: string;
  readonly #said = new Set<string>();
  #saidNear = false;

  constructor(log: Log, label: string) {
    this.#log = log;
    this.#label = label;
  }

  /** It works again: the next failure is said anew. */
  forget(): void {
    this.#said.clear();
  }

  ready(level: 'info' | 'debug'): void {
    this.forget();
    this.#log[level]({ event: 'redis_ready', store: this.#label }, 'connected to Redis');
  }

  failed(error: unknown): void {
    const { reason, state } = explainRedisFailure(error);
    if (this.#said.has(reason)) return;
    this.#said.add(reason);
    const about = { store: this.#label, reason };
    if (state === 'refused')
      this.#log.error({ event: 'store_password_refused', ...about }, REFUSED);
    else this.#log.warn({ event: 'redis_error', ...about }, 'the connection to Redis failed');
  }

  silent(): void {
    this.#log.warn({ event: 'redis_silent', store: this.#label }, 'Redis does not answer');
  }

  /** Said once for all. */
  nearRefused(reason: string): void {
    if (this.#saidNear) return;
    this.#saidNear = true;
    const about = { event: 'near_reads_off', store: this.#label, reason };
    this.#log.info(about, 'Redis does not tell of changes: each read asks it');
  }
}

const REFUSED = 'Redis refuses the user name and password of TokenCache:Store';
