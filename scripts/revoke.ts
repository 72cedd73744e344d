/** Ends one account everywhere, or all of them: `npm run revoke -- --account <id>`. */
import { parseArgs } from 'node:util';
import { auditLog } from '../src/audit.ts';
import { systemClock } from '../src/clock.ts';
import { ConfigurationFaults } from '../src/config/faults.ts';
import { loadSettings } from '../src/config/load-settings.ts';
import type { Settings } from '../src/config/settings.ts';
import { EndMarks } from '../src/end-marks.ts';
import { AppError, Misconfigured } from '../src/errors.ts';
import { createLog } from '../src/log.ts';
import { RecordNames } from '../src/record-names.ts';
import { openStorage } from '../src/storage/open-storage.ts';
import type { Storage } from '../src/storage/storage.ts';
import { StoreUnavailable } from '../src/storage/store-unavailable.ts';

const USAGE = `Usage: npm run revoke -- --account ID [--config FILE]
       npm run revoke -- --all --instance NAME [--config FILE]

  --account ID     end this account everywhere: its tokens are deleted, all its sessions end.
                   At Entra ID the id is <object id>.<tenant id>, as in the person's home tenant.
  --all            erase everything this site keeps: everyone is signed out.
  --instance NAME  the site's TokenCache:InstanceName, to be sure that it is the one you mean.
  --config FILE    read FILE instead of appsettings.json.

Refresh tokens are forgotten here; to make the authority refuse them too, revoke the person's
sessions in Entra ID. What was ended is written to standard output as an audit event, too.`;

/** Longer than any operation of a store takes. */
const SETTLED_MS = 3000;

interface Order {
  readonly account?: string | undefined;
  readonly all?: boolean | undefined;
  readonly instance?: string | undefined;
}

process.exitCode = await main();

async function main(): Promise<number> {
  try {
    const text = { type: 'string' } as const;
    const { values } = parseArgs({
      options: { account: text, all: { type: 'boolean' }, instance: text, config: text },
    });
    const { account, all, config } = values;
    if ((account === undefined) === (all === undefined)) {
      console.error(USAGE);
      return 1;
    }
    const { settings } = loadSettings({
      env: process.env,
      directory: process.cwd(),
      mayWrite: false,
      ...(config === undefined ? {} : { file: config }),
    });
    return await withStorage(settings, (storage) => revoke(storage, settings, values));
  } catch (error) {
    // What an operator can mend is said in words; anything else is a bug and keeps its stack.
    const isForeseen = error instanceof ConfigurationFaults || error instanceof AppError;
    const isOfArguments =
      error instanceof TypeError && 'code' in error && /^ERR_PARSE_ARGS/.test(String(error.code));
    if (error instanceof StoreUnavailable) {
      const reason = error.cause instanceof Error ? error.cause.message : 'no reason known';
      console.error(
        `The store is ${error.state} (${reason}). Nothing is known to have ended: run it again.`,
      );
    } else if (isForeseen) console.error(error.message);
    else if (isOfArguments) console.error(`${error.message}\n\n${USAGE}`);
    else console.error(error);
    return 1;
  }
}

async function withStorage(
  { tokenCache }: Settings,
  work: (storage: Storage) => Promise<number>,
): Promise<number> {
  if (tokenCache.store.startsWith('memory:')) {
    throw new Misconfigured(
      'TokenCache:Store is memory:, which only the running site has. Restart the site: everyone is signed out.',
    );
  }
  const log = createLog('silent');
  const storage = await openStorage(tokenCache.store, { ...tokenCache, log, now: Date.now });
  try {
    return await work(storage);
  } finally {
    await storage.close();
  }
}

/** Its audit event goes to standard output, as the site's do. */
async function revoke(storage: Storage, { tokenCache }: Settings, order: Order): Promise<number> {
  const audit = auditLog(createLog('info'));
  if (order.all) {
    if (order.instance !== tokenCache.instanceName) {
      console.error(
        `This erases everything of the instance "${tokenCache.instanceName}" in ${storage.label}.\nIf that is what you mean: npm run revoke -- --all --instance ${tokenCache.instanceName}`,
      );
      return 1;
    }
    const count = await storage.erase();
    if (await isAlone(storage)) await storage.erase();
    console.log(`${count} records erased. Everyone is signed out.`);
    audit({ event: 'instance_erased', instance: tokenCache.instanceName, records: count });
    return 0;
  }
  const account = asKept(order.account ?? '');
  const names = new RecordNames(tokenCache);
  const name = names.forAccount(account, 'account');
  const wasThere = (await storage.get(name)) !== undefined;
  // Also for a sign-in that is under way just now, known here or not.
  await new EndMarks({ storage, now: Date.now }).mark(names.forAccount(account, 'ended'));
  await storage.delete(name);
  if (await isAlone(storage)) await storage.delete(name);
  if (!wasThere) {
    console.error(
      `No account of that id is kept in ${storage.label}. At Entra ID it is <object id>.<tenant id> of the home tenant.`,
    );
    return 1;
  }
  console.log('The account has ended: its tokens are deleted, and all its sessions with them.');
  audit({ event: 'account_revoked', account });
  return 0;
}

/**
 * In a store for one instance the running site may just have compared, and write back what was
 * deleted; after a pause it has, and will not again.
 */
async function isAlone({ shared }: Storage): Promise<boolean> {
  if (!shared) await systemClock.sleep(SETTLED_MS);
  return !shared;
}

/** Portals show GUIDs in either case; Entra ID's own answers have small letters. */
function asKept(accountId: string): string {
  return /^[0-9a-f-]{36}\.[0-9a-f-]{36}$/i.test(accountId) ? accountId.toLowerCase() : accountId;
}
