/** One process of a race: a token broker that does what its parent orders, and may be caught on the way. */
import process from 'node:process';
import { z } from 'zod';
import type { AccessToken, Account, TokenRequest } from '../../src/broker/account.ts';
import { systemClock } from '../../src/clock.ts';
import { AppError, SignInRequired, Unavailable } from '../../src/errors.ts';
import { createLog } from '../../src/log.ts';
import type { Storage } from '../../src/storage/storage.ts';
import type { Refresh } from '../../src/token-response.ts';
import { aRaceBroker, type RaceBroker } from './race-broker.ts';
import { type Order, orderSchema, type Report, type Result } from './race-messages.ts';
import { Trap } from './trap.ts';

/** Events of the log that tell of a fault of ours or of a loss. */
const ALARMS = new Set([
  ...['refresh_broke', 'foreign_account_answer', 'refreshed_id_token_refused'],
  ...['outbox_lost', 'record_damaged', 'record_form_unknown', 'record_key_unknown'],
]);
const CLOSE_MS = 40_000;
const STORE_PAUSE_MS = 100;
const PATIENT_TRIES = 6;
const lineSchema = z.looseObject({ event: z.string().optional() });

const trap = new Trap();
/** Requests that the parent is asked to see arrive. */
const awaited = new Map<string, () => void>();
/** The accounts that this process has had an answer for, whose next write is that answer's. */
const answered = new Set<string>();
let race: RaceBroker | undefined;

const report = (message: Report) => process.send?.(message);

const log = createLog('warn', (line) => {
  const { event = '' } = lineSchema.parse(JSON.parse(line));
  if (ALARMS.has(event)) report({ kind: 'alarm', event });
});

/** Catches the holder once its request has been read by the authority, whose answer is on its way. */
const watchedFetch: typeof fetch = async (input, init) => {
  const answer = fetch(input, init);
  const headers = new Headers(init?.headers);
  const accountId = /^Oid:(.+)@(.+)$/.exec(headers.get('x-anchormailbox') ?? '');
  const id = accountId ? `${accountId[1]}.${accountId[2]}` : '';
  if (!trap.isSetAt('after-send', id)) return await answer;
  // It may fail before anyone waits for it.
  answer.catch(() => undefined);
  const requestId = headers.get('client-request-id') ?? '';
  const arrived = Promise.withResolvers<void>();
  awaited.set(requestId, arrived.resolve);
  report({ kind: 'sent', requestId });
  await arrived.promise;
  await trap.reach('after-send', id);
  return await answer;
};

const watchRefresh =
  (refresh: Refresh): Refresh =>
  async (request) => {
    const answer = await refresh({
      ...request,
      beforeSend: () => {
        trap.spring('before-check', request.accountId);
        request.beforeSend();
        trap.spring('before-send', request.accountId);
      },
    });
    await trap.reach('after-response', request.accountId);
    answered.add(request.accountId);
    return answer;
  };

/** Catches the holder once the store has acknowledged what it wrote. */
const watchAccounts = (storage: Storage): Storage => ({
  label: storage.label,
  shared: storage.shared,
  get: (name, options) => storage.get(name, options),
  set: (name, value, ttlMs) => storage.set(name, value, ttlMs),
  delete: (name) => storage.delete(name),
  erase: () => storage.erase(),
  ping: () => storage.ping(),
  close: () => storage.close(),
  replace: async (name, expected, next, ttlMs) => {
    const outcome = await storage.replace(name, expected, next, ttlMs);
    const accountId = [...answered].find((id) => race?.nameOf(id) === name);
    if (outcome === 'replaced' && accountId) await trap.reach('after-write', accountId);
    return outcome;
  },
});

function failureOf(error: unknown): string {
  if (error instanceof SignInRequired) return `${error.code} (${error.reason})`;
  return error instanceof AppError ? error.code : String(error);
}

async function acquireOne(
  account: Account,
  request: TokenRequest,
  patient: boolean,
): Promise<AccessToken> {
  if (!race) throw new Error('not open yet');
  for (let tries = 1; ; tries += 1) {
    try {
      return await race.broker.acquireToken(account, request);
    } catch (error) {
      // A patient caller comes back when it is told to; what else it is told is for the parent.
      if (!patient || tries === PATIENT_TRIES || !(error instanceof Unavailable)) throw error;
      await systemClock.sleep(error.retryAfterSeconds * 1000);
    }
  }
}

async function acquire({ wave, account, patient, calls }: Extract<Order, { kind: 'acquire' }>) {
  for (const { name, scopes, tenantId, callers } of calls) {
    const waiting = Array.from({ length: callers }, () =>
      acquireOne(account, { scopes, tenantId }, patient),
    );
    void Promise.allSettled(waiting).then((outcomes) => {
      const results = new Map<string, Result>();
      for (const outcome of outcomes) {
        const result =
          outcome.status === 'fulfilled'
            ? { token: outcome.value.value }
            : { failure: failureOf(outcome.reason) };
        const key = JSON.stringify(result);
        results.set(key, { ...result, callers: (results.get(key)?.callers ?? 0) + 1 });
      }
      report({ kind: 'settled', wave, name, results: [...results.values()] });
    });
  }
}

async function awaitStore(wave: number): Promise<void> {
  for (;;) {
    const up = await race?.storage.ping().then(
      () => true,
      () => false,
    );
    if (up) break;
    await systemClock.sleep(STORE_PAUSE_MS);
  }
  report({ kind: 'store-answers', wave });
}

async function obey(order: Order): Promise<void> {
  switch (order.kind) {
    case 'open': {
      const { storeUri, authorityUrl, skewMs } = order;
      const now = () => Date.now() + skewMs;
      const watchers = { fetch: watchedFetch, watchRefresh, watchAccounts };
      race = await aRaceBroker({ storeUri, authorityUrl, now, log, ...watchers });
      report({ kind: 'ready' });
      return;
    }
    case 'arm':
      trap.arm(order.trap);
      return;
    case 'disarm':
      trap.disarm();
      return;
    case 'go':
      trap.release();
      return;
    case 'arrived':
      awaited.get(order.requestId)?.();
      return;
    case 'acquire':
      return await acquire(order);
    case 'await-store':
      return await awaitStore(order.wave);
    case 'close':
      await race?.close(CLOSE_MS);
      process.disconnect();
  }
}

process.on('message', (message) => {
  obey(orderSchema.parse(message)).catch((error: unknown) => {
    report({ kind: 'alarm', event: String(error) });
  });
});
// A parent that is gone orders nothing more.
process.on('disconnect', () => process.exit());
