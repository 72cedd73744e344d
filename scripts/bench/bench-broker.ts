/** A broker put together as the composition root does it, on a store of the bench. */
import { randomBytes } from 'node:crypto';
import { accountRecordSchema } from '../../src/broker/account-record.ts';
import { Lease } from '../../src/broker/lease.ts';
import { TokenBroker } from '../../src/broker/token-broker.ts';
import { tokenSetSchema } from '../../src/broker/token-set.ts';
import { systemClock } from '../../src/clock.ts';
import { KeyRing } from '../../src/encryption.ts';
import { createLog } from '../../src/log.ts';
import { RecordNames } from '../../src/record-names.ts';
import { Records } from '../../src/records.ts';
import { openStorage } from '../../src/storage/open-storage.ts';
import type { Storage } from '../../src/storage/storage.ts';
import type { Refresh } from '../../src/token-response.ts';

export const SESSION_MS = 30 * 86_400_000;
/** As many as the site keeps open. */
const MAX_OPEN_ACCOUNTS = 2000;

const instanceName = 'bench';
const indexKey = Buffer.alloc(32, 2);

export const benchKeyRing = new KeyRing({ encryptionKeys: [Buffer.alloc(32, 1)] });
export const benchNames = new RecordNames({ instanceName, indexKey });
export const benchLog = createLog('silent');

export function openBenchStorage(uri: string): Promise<Storage> {
  return openStorage(uri, { log: benchLog, now: Date.now, instanceName });
}

export function benchBroker(storage: Storage, refresh: Refresh): TokenBroker {
  const clock = systemClock;
  const newId = () => randomBytes(24).toString('base64url');
  const kept = { storage, keyRing: benchKeyRing, now: clock.now, log: benchLog };
  return new TokenBroker({
    storage,
    accounts: new Records({ ...kept, schema: accountRecordSchema, maxOpen: MAX_OPEN_ACCOUNTS }),
    apps: new Records({ ...kept, schema: tokenSetSchema }),
    names: benchNames,
    lease: new Lease({ storage, clock, processId: newId() }),
    refresh,
    requestAppToken: () => Promise.reject(new Error('nobody asked for a token of the site itself')),
    ...{
      isAdmitted: () => true,
      clock,
      log: benchLog,
      audit: () => undefined,
      random: Math.random,
      newId,
      sessionMs: SESSION_MS,
    },
  });
}
