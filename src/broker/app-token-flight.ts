/** One request for a token of this site itself, from taking the lease to the written record. */
import { type AppError, Misconfigured, Unavailable } from '../errors.ts';
import { scopeSet } from '../scope-set.ts';
import type { RequestAppToken } from '../token-response.ts';
import type { AccessToken } from './account.ts';
import type { BrokerParts } from './broker-parts.ts';
import type { WantedToken } from './forced-renewal.ts';
import type { HeldLease } from './lease.ts';
import { sendWhileHeld, underLease } from './leased.ts';
import type { RecordStore } from './record-store.ts';
import { restraintOn, withFailure, withoutFailures } from './restraint.ts';
import { findToken, newSlot } from './slot.ts';
import { NO_TOKENS, type TokenSet, withSlotSince } from './token-set.ts';

export interface AppTokenFlightParts extends BrokerParts {
  readonly apps: RecordStore<TokenSet>;
  readonly requestAppToken: RequestAppToken;
}

/** When nothing in the set is of use any more. */
export function tokenSetExpiry({ slots, refusals, quiet }: TokenSet): number | undefined {
  const ends = [
    ...Object.values(slots).map(({ expiresAt }) => expiresAt),
    ...Object.values(refusals).map(({ until }) => until),
    ...(quiet ? [quiet.until] : []),
  ];
  return ends.length > 0 ? Math.max(...ends) : undefined;
}

/** As `RefreshFlight` is for an account; there is no refresh token here that could be lost. */
export class AppTokenFlight {
  readonly #parts: AppTokenFlightParts;
  readonly #request: WantedToken;
  readonly #name: string;

  constructor(parts: AppTokenFlightParts, request: WantedToken) {
    this.#parts = parts;
    this.#request = request;
    this.#name = parts.names.forSite(request.tenantId, 'app');
  }

  /** The token that is there once it is this flight's turn, else a new one. */
  run(): Promise<AccessToken> {
    const { names, lease } = this.#parts;
    const leaseName = names.forSite(this.#request.tenantId, 'lease');
    return underLease(lease, leaseName, (held) => this.#attempt(held));
  }

  async #attempt(held: HeldLease): Promise<AccessToken | undefined> {
    const { apps, clock, quiet, random, requestAppToken } = this.#parts;
    const { scopes, tenantId, claims, refused } = this.#request;
    const tokens = (await apps.read(this.#name)) ?? NO_TOKENS;
    const kept = findToken(tokens, this.#request, clock.now());
    if (kept?.state === 'fresh') return kept;
    const restraint =
      restraintOn(tokens, this.#request, clock.now()) ?? (await quiet.restraint(tenantId));
    if (restraint) throw restraint;
    try {
      const answer = await sendWhileHeld(held, (beforeSend) =>
        requestAppToken({ scopes, tenantId, claims, beforeSend }),
      );
      if (!answer) return undefined;
      const asked = { tenantId, askedScopes: scopes, claims, afterRefusal: refused !== undefined };
      const slot = newSlot({ ...answer, ...asked }, clock.now(), random);
      await this.#write((current) => withSlotSince(withoutFailures(current), tokens, slot));
      return { value: slot.accessToken, expiresAt: slot.expiresAt };
    } catch (error) {
      await this.#note(error);
      throw error;
    }
  }

  async #note(error: unknown): Promise<void> {
    const { clock, quiet } = this.#parts;
    if (!(error instanceof Misconfigured || error instanceof Unavailable)) return;
    this.#say(error);
    await quiet.note(this.#request.tenantId, error);
    await this.#write((tokens) => withFailure(tokens, this.#request, error, clock.now()) ?? tokens);
  }

  #say(error: AppError): void {
    const about = { event: 'app_token_failed', code: error.code, ...error.detail };
    const { resource } = scopeSet(this.#request.scopes);
    this.#parts.log.error({ ...about, resource }, 'no token for this site itself');
  }

  /** What is not written is asked for once more, and no harm is done. */
  async #write(make: (tokens: TokenSet) => TokenSet): Promise<void> {
    const { apps, log } = this.#parts;
    try {
      await apps.put(this.#name, (tokens) => make(tokens ?? NO_TOKENS));
    } catch (error) {
      // The token itself is good, and is given to who waits for it.
      if (!(error instanceof Unavailable)) throw error;
      log.warn({ event: 'app_token_unwritten' }, 'a token for this site could not be kept');
    }
  }
}
