/** Leases that records share: they outlive every record, not by much, and are few. */
import { expect } from 'chai';
import { EtcdLeases } from '../../src/storage/etcd-leases.ts';
import { caught } from '../support/caught.ts';

const SECOND_MS = 1000;
const DAY_MS = 86_400 * SECOND_MS;

describe('EtcdLeases', () => {
  let granted: number[];
  let leases: EtcdLeases;

  beforeEach(() => {
    granted = [];
    leases = new EtcdLeases(async (seconds) => `lease ${granted.push(seconds)}`);
  });

  for (const ttlMs of [1, 999, 1000, 1001, 63_999, 64_000, 900_000, 0.5 * DAY_MS, 90 * DAY_MS]) {
    it(`outlive ${ttlMs} ms by a second or two, or a 64th of that`, async () => {
      await leases.take(ttlMs);
      const [seconds = 0] = granted;
      expect(seconds * SECOND_MS).to.be.at.least(ttlMs);
      expect(seconds * SECOND_MS).to.be.at.most(
        ttlMs + Math.max(2 * SECOND_MS, ttlMs / 64 + SECOND_MS),
      );
    });
  }

  it('are shared by what ends at about the same time, also while the first is being granted', async () => {
    const taken = await Promise.all(
      Array.from({ length: 100 }, (_, i) => leases.take(DAY_MS + i * SECOND_MS)),
    );
    expect(new Set(taken).size).to.be.at.most(2);
  });

  it('are others for what ends at another time', async () => {
    await leases.take(DAY_MS);
    await leases.take(2 * DAY_MS);
    await leases.take(SECOND_MS);
    expect(granted).to.have.length(3);
  });

  it('are asked for again after a failure, and when they are to be forgotten', async () => {
    const fault = new Error('fault');
    let fails = true;
    leases = new EtcdLeases(async (seconds) => {
      if (fails) throw fault;
      return `lease ${granted.push(seconds)}`;
    });
    expect(await caught(leases.take(DAY_MS))).to.equal(fault);
    fails = false;
    await leases.take(DAY_MS);
    leases.forget();
    await leases.take(DAY_MS);
    expect(granted).to.have.length(2);
  });

  it('are not remembered once they have ended', async () => {
    let now = 1000;
    leases = new EtcdLeases(
      async () => 'a lease',
      () => now,
    );
    await leases.take(DAY_MS);
    await leases.take(DAY_MS / 2);
    now += DAY_MS * 0.75;
    await leases.take(DAY_MS);
    expect(leases.size, 'the first and the new one').to.equal(2);
    now += 3 * DAY_MS;
    await leases.take(DAY_MS);
    expect(leases.size).to.equal(1);
  });
});
