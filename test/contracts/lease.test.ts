/** The lease on every kind of store that several processes share. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { expect } from 'chai';
import { Lease } from '../../src/broker/lease.ts';
import { systemClock } from '../../src/clock.ts';
import { createLog } from '../../src/log.ts';
import { openStorage } from '../../src/storage/open-storage.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { newId } from '../support/broker-rig.ts';
import { startEtcdServer } from '../support/etcd-server.ts';
import { startMariadbServer } from '../support/mariadb-server.ts';
import { startPostgresServer } from '../support/postgres-server.ts';
import { startRedisCluster } from '../support/redis-cluster-servers.ts';
import { startRedisServer } from '../support/redis-server.ts';
import { aFolder } from '../support/site-process.ts';

interface Subject {
  readonly uri: string;
  stop?(): Promise<void>;
}

const subjects: Record<string, () => Promise<Subject>> = {
  'sqlite:<file>': async () => ({ uri: `sqlite:${join(aFolder(), 'a.sqlite')}` }),
  'redis://': startRedisServer,
  'redis-cluster://': startRedisCluster,
  'postgres://': startPostgresServer,
  'mysql://': startMariadbServer,
  'etcd://': startEtcdServer,
};

const TIMES = { beatMs: 100, takeoverMs: 600, sendWindowMs: 400 };

for (const [title, start] of Object.entries(subjects)) {
  describe(`A lease in the store ${title}`, () => {
    let subject: Subject;
    let stores: Storage[];
    let name: string;

    before(async () => {
      subject = await start();
      const options = { log: createLog('silent'), now: Date.now };
      stores = await Promise.all([1, 2, 3].map(() => openStorage(subject.uri, options)));
    });
    beforeEach(() => {
      name = `test:{${randomBytes(8).toString('hex')}}:lease`;
    });
    after(async () => {
      await Promise.all(stores.map((storage) => storage.close()));
      await subject.stop?.();
    });

    /** The leases of as many processes. */
    const leases = () =>
      stores.map(
        (storage) => new Lease({ storage, clock: systemClock, processId: newId(), ...TIMES }),
      );

    it('is held by one process at a time, each in its turn', async () => {
      let holders = 0;
      let most = 0;
      let turns = 0;
      const takeTurns = async (lease: Lease) => {
        for (let turn = 0; turn < 4; turn += 1) {
          const held = await lease.take(name, 9000);
          expect(held.takenOver).to.equal(false);
          holders += 1;
          turns += 1;
          most = Math.max(most, holders);
          await systemClock.sleep(5);
          held.assertFresh();
          holders -= 1;
          await held.release();
        }
      };
      await Promise.all(leases().map(takeTurns));
      expect({ most, turns }).to.deep.equal({ most: 1, turns: 12 });
    });

    it('is kept for longer than the takeover time by its beat', async () => {
      const [one, two] = leases();
      const held = await one?.take(name, 1000);
      const refused = await two?.take(name, 900).catch((error: unknown) => error);
      expect(refused).to.have.property('code', 'unavailable');
      held?.assertFresh();
      await held?.release();
    });

    it('is taken over from a holder that fell silent, by one alone', async () => {
      await stores[0]?.set(name, 'a-dead-process.1.7', 60_000);
      const taken = await Promise.allSettled(leases().map((lease) => lease.take(name, 900)));
      const held = taken.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
      expect(held.map(({ takenOver }) => takenOver)).to.deep.equal([true]);
      await held[0]?.release();
    });
  });
}
