/** Where a race's people sign in and out, and where what is left of it is looked at: a broker in the parent. */

import type { User } from '../../scripts/sandbox/directory.ts';
import { signInAt } from '../../scripts/sandbox/sign-in-at.ts';
import type { Sandbox } from '../../scripts/sandbox/start-sandbox.ts';
import { authorityOfTenant } from '../../src/authority/authority-of-tenant.ts';
import type { Authority } from '../../src/authority/create-authority.ts';
import { redeemCode } from '../../src/authority/redeem-code.ts';
import { refreshTokens } from '../../src/authority/refresh-tokens.ts';
import { requestCode } from '../../src/authority/request-code.ts';
import type { Account, Redemption } from '../../src/broker/account.ts';
import { systemClock } from '../../src/clock.ts';
import { AppError, SignInRequired, Unavailable } from '../../src/errors.ts';
import { createLog } from '../../src/log.ts';
import { aRaceBroker, type RaceBroker } from './race-broker.ts';
import { graphCall, isRight, mixedCalls, type Wanted } from './race-call.ts';

const TWO_HOURS_MS = 7_200_000;
const redirectUri = new URL('http://localhost:4000/signin-oidc');
const CLOSE_MS = 30_000;
const LATE_MS = 60_000;

/** What is left of an account in the store. */
export type Left = 'good' | 'dead' | 'absent';
/** What a renewal brings in the end: the refresh token works, or the person has to sign in. */
export type Renewal = 'works' | 'sign-in' | 'fails';

export class Desk {
  readonly #race: RaceBroker;
  readonly #clock: { behindMs: number };

  private constructor(race: RaceBroker, clock: { behindMs: number }) {
    this.#race = race;
    this.#clock = clock;
  }

  static async open(storeUri: string, sandbox: Sandbox): Promise<Desk> {
    const clock = { behindMs: 0 };
    const now = () => Date.now() - clock.behindMs;
    const log = createLog('silent');
    const race = await aRaceBroker({ storeUri, authorityUrl: sandbox.url, now, log });
    return new Desk(race, clock);
  }

  /** Goes through the pages; nothing is kept yet. */
  async redeem(user: User, calls: readonly Wanted[], sessionId: string): Promise<Redemption> {
    const { authority } = this.#race;
    for (const tenantId of new Set(calls.map((call) => call.tenantId))) {
      if (tenantId === undefined) continue;
      const there = calls.filter((call) => call.tenantId === tenantId);
      await passPages(authorityOfTenant(authority, tenantId), user, there);
    }
    const home = calls.filter((call) => call.tenantId === undefined);
    const { requested, callback } = await passPages(authority, user, home);
    const { state, nonce, codeVerifier } = requested;
    const { scopes } = graphCall;
    const how = { redirectUri, state, nonce, codeVerifier, scopes };
    const redeemed = await redeemCode(authority, { ...how, callback: callback.searchParams });
    return { ...redeemed, askedScopes: scopes, sessionId, begunAt: Date.now() };
  }

  /** Keeps a sign-in, as if two hours ago: its access token has expired since. */
  async keepOld(redemption: Redemption): Promise<Account> {
    this.#clock.behindMs = TWO_HOURS_MS;
    try {
      return await this.#race.broker.keep(redemption);
    } finally {
      this.#clock.behindMs = 0;
    }
  }

  keep(redemption: Redemption): Promise<Account> {
    return this.#race.broker.keep(redemption);
  }

  forget(account: Account, sessionId: string): Promise<void> {
    return this.#race.broker.forget(account, sessionId);
  }

  async left(accountId: string): Promise<Left> {
    const record = await this.#race.read(accountId);
    return record ? (record.refreshToken?.state ?? 'dead') : 'absent';
  }

  /** Which sign-in at the authority the kept refresh token comes of. */
  async signInOf(accountId: string): Promise<string | undefined> {
    const record = await this.#race.read(accountId);
    if (!record?.refreshToken) return undefined;
    const answer = await refreshTokens(this.#race.authority, {
      refreshToken: record.refreshToken.value,
      scopes: graphCall.scopes,
      accountId,
      beforeSend: () => undefined,
    });
    return answer.kind === 'verified' ? answer.response.identity?.sid : undefined;
  }

  /** Has the newest access token of Graph refused, so that the refresh token is used for another. */
  async renew(account: Account, user: User): Promise<Renewal> {
    const record = await this.#race.read(account.id);
    const newest = Object.values(record?.slots ?? {})
      .filter(({ resource, tenantId }) => resource === '' && tenantId === undefined)
      .sort((a, b) => b.gotAt - a.gotAt)[0];
    return await this.acquire(account, graphCall, user, newest?.accessToken);
  }

  /** Acquires as a patient caller does. */
  async acquire(account: Account, wanted: Wanted, user: User, refused?: string): Promise<Renewal> {
    const { scopes, tenantId } = wanted;
    const giveUpAt = Date.now() + LATE_MS;
    for (;;) {
      try {
        const request = { scopes, tenantId, refused };
        const { value } = await this.#race.broker.acquireToken(account, request);
        return value !== refused && isRight(value, wanted, user) ? 'works' : 'fails';
      } catch (error) {
        // Foreseen failures are what is asked about here; any other is a fault.
        if (!(error instanceof AppError)) throw error;
        if (error instanceof SignInRequired) return 'sign-in';
        if (!(error instanceof Unavailable) || Date.now() > giveUpAt) return 'fails';
        await systemClock.sleep(error.retryAfterSeconds * 1000);
      }
    }
  }

  /** Signs in anew, whatever is left, and has a token of each call. */
  async signInAgain(user: User, calls: readonly Wanted[] = mixedCalls): Promise<Renewal> {
    const account = await this.keep(await this.redeem(user, calls, 'again'));
    const renewals = [await this.renew(account, user)];
    for (const call of calls) renewals.push(await this.acquire(account, call, user));
    return renewals.every((renewal) => renewal === 'works') ? 'works' : 'fails';
  }

  close(): Promise<void> {
    return this.#race.close(CLOSE_MS);
  }
}

async function passPages(authority: Authority, user: User, calls: readonly Wanted[]) {
  const scopes = calls.flatMap((call) => call.scopes);
  const requested = await requestCode(authority, { redirectUri, scopes });
  const { callback } = await signInAt(requested.url, { username: user.username });
  return { requested, callback };
}
