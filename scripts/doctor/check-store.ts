/** The store: opened as the site opens it, taken through every operation, and its limits named. */
import { accessSync, constants, existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { AppError } from '../../src/errors.ts';
import { isLoopback } from '../../src/loopback.ts';
import { openStorage } from '../../src/storage/open-storage.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { StoreUnavailable } from '../../src/storage/store-unavailable.ts';
import { shellWord } from '../shell-word.ts';
import { type Check, type CheckContext, type Finding, isFaulty, skipped } from './check.ts';
import { type StoreLine, storeLog } from './store-log.ts';
import { storeMend } from './store-mend.ts';
import { storeRoundTrip, WrongAnswer } from './store-round-trip.ts';

const KEYS = ['Store', 'InstanceName', 'SchemaName', 'TableName'].map((key) => `TokenCache:${key}`);

const WORDS = {
  down: 'not to be reached',
  readonly: 'there, and takes no writes',
  full: 'full',
  refused: 'there, and refuses us',
};

export const checkStore: Check = {
  name: 'store',
  run: async (context) => {
    const { examined, clock } = context;
    const tokenCache = examined.sections?.tokenCache;
    if (!tokenCache || KEYS.some((key) => isFaulty(examined, key))) {
      return skipped('TokenCache:Store is not configured without fault.');
    }
    const { store } = tokenCache;
    const absent = absentFile(store);
    if (absent) return [absent];
    const { log, lines } = storeLog();
    let storage: Storage | undefined;
    try {
      storage = await openStorage(store, { ...tokenCache, log, now: clock.now });
      const times = await storeRoundTrip(storage, tokenCache.instanceName, clock);
      const seen = `${storage.label.replace(/:$/, '')}: ${times.join(', ')}.`;
      return [{ result: 'ok', seen }, ...limitsOf(storage, context, lines)];
    } catch (error) {
      return [failure(error, store, lines, storage?.label)];
    } finally {
      await storage?.close();
    }
  },
};

/** Not made here: it would belong to whoever runs this, who need not be the user the site runs as. */
function absentFile(store: string): Finding | undefined {
  const [, written] = /^sqlite:(?:\/\/)?(.+)/.exec(store) ?? [];
  if (written === undefined) return undefined;
  const file = resolve(written);
  if (existsSync(file)) return undefined;
  let folder = dirname(file);
  while (!existsSync(folder)) folder = dirname(folder);
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch {
    // It was only asked whether the site could make its file there.
    const seen = `${file} is not there, and ${folder} cannot be written to by this user.`;
    const text = 'Let the user that the site runs as write there.';
    return { result: 'failed', seen, mend: { text, command: `ls -ld ${shellWord(folder)}` } };
  }
  return { result: 'ok', seen: `${file} is not there yet: the site makes it when it starts.` };
}

function limitsOf(
  { shared, label }: Storage,
  { examined: { sections } }: CheckContext,
  lines: readonly StoreLine[],
): readonly Finding[] {
  if (shared) return [];
  const { publicUrl } = sections?.site ?? {};
  // Alone on a developer's machine, memory is as good as any.
  if (label.startsWith('memory') && publicUrl && isLoopback(publicUrl)) return [];
  const said = lines.find(({ event }) => event === 'store_serves_one_instance')?.msg;
  const seen = `${label} serves one instance only: several would lose each other’s records.`;
  const text = `Run one instance of this site, or keep records in Redis, PostgreSQL, MySQL or etcd. ${said ?? ''}`;
  return [{ result: 'warning', seen, mend: { text: text.trim() } }];
}

function failure(
  error: unknown,
  store: string,
  lines: readonly StoreLine[],
  label = 'The store',
): Finding {
  if (error instanceof StoreUnavailable) {
    // A store that connects in the background tells each operation only that it is not connected.
    const refused = lines.find(({ event }) => event === 'store_password_refused');
    const state = refused ? 'refused' : error.state;
    const thrown = error.cause instanceof Error ? error.cause.message : undefined;
    const connecting = lines.find(({ event }) => event === 'redis_error');
    const reason = (refused ?? connecting)?.reason ?? thrown ?? 'no reason given';
    const seen = `${label} is ${WORDS[state]} (${reason}).`;
    return { result: 'failed', seen, mend: storeMend(store, state) };
  }
  if (error instanceof WrongAnswer) {
    const text =
      'Something between this site and the store answers in its place, or it is another product.';
    return { result: 'failed', seen: `${label} ${error.message}.`, mend: { text } };
  }
  if (!(error instanceof AppError)) throw error;
  const text = 'Correct TokenCache:Store, or what it names.';
  return { result: 'failed', seen: error.message, mend: { text } };
}
