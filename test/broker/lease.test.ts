/** The lease: one holder, taken over when silent, checked just before sending. */
import { expect } from 'chai';
import { Lease, LeaseLost } from '../../src/broker/lease.ts';
import { type Clock, systemClock } from '../../src/clock.ts';
import { Unavailable } from '../../src/errors.ts';
import { createLog } from '../../src/log.ts';
import { openStorage } from '../../src/storage/open-storage.ts';
import { FaultyStorage, newId } from '../support/broker-rig.ts';

function isFresh(held: { assertFresh(): void }): boolean {
  try {
    held.assertFresh();
    return true;
  } catch {
    return false;
  }
}

describe('Lease', () => {
  let storage: FaultyStorage;

  beforeEach(async () => {
    storage = new FaultyStorage(
      await openStorage('memory:', { log: createLog('silent'), now: Date.now }),
    );
  });

  afterEach(() => storage.close());

  /** Leases of one process, in a hurry: beats of 20 ms, takeover after 100 ms, sending within 60 ms. */
  const aLease = (clock: Clock = systemClock): Lease =>
    new Lease({
      storage,
      clock,
      processId: newId(),
      beatMs: 20,
      takeoverMs: 100,
      sendWindowMs: 60,
    });

  it('is held by one at a time, and had by the next as soon as it is released', async () => {
    const [one, other] = [aLease(), aLease()];
    const held = await one.take('lease', 1000);
    let had = false;
    const next = other.take('lease', 1000).then((lease) => {
      had = true;
      return lease;
    });
    await systemClock.sleep(20);
    expect(had).to.equal(false);
    await held.release();
    const second = await next;
    expect(second.takenOver).to.equal(false);
    await second.release();
    expect(await storage.get('lease')).to.equal(undefined);
  });

  it('is kept for longer than the takeover time by its beat', async () => {
    const held = await aLease().take('lease', 1000);
    const failure = await aLease()
      .take('lease', 300)
      .catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(Unavailable);
    // On a busy machine a beat may be late by more than sending allows; the next one makes up for it.
    for (let looks = 0; !isFresh(held) && looks < 20; looks += 1) await systemClock.sleep(20);
    held.assertFresh();
    await held.release();
  });

  it('is taken over from a holder that went silent, and says so', async () => {
    await storage.set('lease', 'a-dead-process.1.7', 60_000);
    const startedAt = performance.now();
    const held = await aLease().take('lease', 1000);
    expect(held.takenOver).to.equal(true);
    expect(performance.now() - startedAt).to.be.above(99);
    await held.release();
  });

  it('starts the takeover time anew when the bytes change', async () => {
    await storage.set('lease', 'another.1.0', 60_000);
    const startedAt = performance.now();
    const taking = aLease().take('lease', 2000);
    await systemClock.sleep(60);
    await storage.set('lease', 'another.1.1', 60_000);
    await (await taking).release();
    expect(performance.now() - startedAt).to.be.above(150);
  });

  it('refuses sending once its last acknowledged beat is too old', async () => {
    const held = await aLease().take('lease', 1000);
    storage.away = 'writes';
    await systemClock.sleep(90);
    expect(() => held.assertFresh()).to.throw(LeaseLost);
    storage.away = 'no';
    await systemClock.sleep(60);
    held.assertFresh();
    await held.release();
  });

  it('refuses sending after a pause of the whole process, before any timer has run', async () => {
    let pausedMs = 0;
    const clock = { ...systemClock, monotonic: () => performance.now() + pausedMs };
    const held = await aLease(clock).take('lease', 1000);
    held.assertFresh();
    pausedMs = 10_000;
    expect(() => held.assertFresh()).to.throw(LeaseLost);
    await held.release();
  });

  it('is lost to whoever took it over, and its release then leaves the other’s alone', async () => {
    const held = await aLease().take('lease', 1000);
    await storage.set('lease', 'another.1.0', 60_000);
    await systemClock.sleep(60);
    expect(() => held.assertFresh()).to.throw(LeaseLost);
    await held.release();
    expect(await storage.get('lease')).to.equal('another.1.0');
  });

  it('is had again at once by the process whose release did not reach the store', async () => {
    const lease = aLease();
    const held = await lease.take('lease', 1000);
    storage.away = 'writes';
    await held.release();
    storage.away = 'no';
    const startedAt = performance.now();
    const again = await lease.take('lease', 1000);
    expect(performance.now() - startedAt).to.be.below(90);
    expect(again.takenOver).to.equal(false);
    await again.release();
  });

  it('says that the store is away rather than wait', async () => {
    storage.away = 'reads-and-writes';
    const failure = await aLease()
      .take('lease', 1000)
      .catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(Unavailable);
  });
});
