/** The quiet asked of a whole tenant (AADSTS90055): kept by every account, process and kind of token. */
import { expect } from 'chai';
import { Unavailable } from '../../src/errors.ts';
import { createLog } from '../../src/log.ts';
import { RecordNames } from '../../src/record-names.ts';
import { openStorage } from '../../src/storage/open-storage.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { aBroker, anIdentity, CountingAuthority, signIn, testKeys } from '../support/broker-rig.ts';
import { caught } from '../support/caught.ts';

const GRAPH = { scopes: ['User.Read'] };
const APP = { scopes: ['https://graph.microsoft.com/.default'] };
const TENANT = '6a0a2c1e-1111-4a4a-9f0b-2c7a6d1f0a11';

describe('A tenant that wants quiet', () => {
  let nowMs: number;
  let storage: Storage;
  let authority: CountingAuthority;
  const throttled = (options: { retryAfterSeconds?: number } = {}) =>
    new Unavailable('Throttled.', { ...options, isForAll: true });
  const someone = (accountId: string) =>
    signIn(aBroker({ storage, authority }), {
      identity: anIdentity(accountId),
      refreshToken: authority.issue(),
      askedScopes: [],
    });

  beforeEach(async () => {
    nowMs = Date.now();
    const options = { log: createLog('silent'), now: () => nowMs, instanceName: 'test' };
    storage = await openStorage('memory:', options);
    authority = new CountingAuthority();
  });
  afterEach(() => storage.close());

  it('is left alone by every account of every process, until that is over', async () => {
    const [ada, ben] = [await someone('ada.t'), await someone('ben.t')];
    authority.next = [throttled({ retryAfterSeconds: 90 })];
    await caught(aBroker({ storage, authority }).acquireToken(ada, GRAPH));
    for (const skewMs of [0, -120_000, 120_000]) {
      const process = aBroker({ storage, authority, skewMs });
      const error = await caught(process.acquireToken(ben, GRAPH));
      expect(error, 'whatever its clock says').to.have.property('code', 'unavailable');
      expect(error).to.have.property('retryAfterSeconds').within(1, 210);
      expect(await caught(process.acquireAppToken(APP))).to.have.property('code', 'unavailable');
    }
    expect(authority.used).to.have.length(1);
    expect(authority.askedForApp).to.have.length(0);
    nowMs += 91_000;
    await aBroker({ storage, authority }).acquireToken(ben, GRAPH);
    expect(authority.used).to.have.length(2);
  });

  it('is left alone for a minute if it names no time, and for an hour at most', async () => {
    for (const [asked, quietMs] of [
      [{}, 60_000],
      [{ retryAfterSeconds: 90_000 }, 3_600_000],
    ] as const) {
      authority.next = [throttled(asked)];
      await caught(aBroker({ storage, authority }).acquireAppToken(APP));
      nowMs += quietMs - 1000;
      // Another scope: what is remembered of the failed request itself does not count.
      const other = { scopes: ['api://todos/.default'] };
      const ahead = { storage, authority, skewMs: 90_000_000 };
      expect(await caught(aBroker(ahead).acquireAppToken(other))).to.have.property('code');
      nowMs += 2000;
      await aBroker(ahead).acquireAppToken(other);
      await storage.erase();
    }
  });

  it('is not asked sooner because a later answer names a shorter time', async () => {
    const [ada, ben] = [await someone('ada.t'), await someone('ben.t')];
    const [one, two] = [aBroker({ storage, authority }), aBroker({ storage, authority })];
    authority.latencyMs = 50;
    authority.next = [throttled({ retryAfterSeconds: 900 }), throttled({ retryAfterSeconds: 5 })];
    await Promise.all([caught(one.acquireToken(ada, GRAPH)), caught(two.acquireToken(ben, GRAPH))]);
    expect(authority.used).to.have.length(2);
    nowMs += 60_000;
    expect(await caught(one.acquireAppToken(APP))).to.have.property('code', 'unavailable');
  });

  it('does not speak for another tenant, nor one busy account for the tenant', async () => {
    const [ada, ben] = [await someone('ada.t'), await someone('ben.t')];
    authority.next = [throttled({ retryAfterSeconds: 90 })];
    const broker = aBroker({ storage, authority });
    await caught(broker.acquireAppToken({ ...APP, tenantId: TENANT }));
    await broker.acquireAppToken(APP);
    authority.next = [new Unavailable('Busy.', { retryAfterSeconds: 90 })];
    await caught(broker.acquireToken(ada, GRAPH));
    await broker.acquireToken(ben, GRAPH);
  });

  it('is left alone whatever the note of it says, and then for a moment at a time', async () => {
    const ben = await someone('ben.t');
    const names = new RecordNames({ instanceName: 'test', indexKey: testKeys.indexKey });
    await storage.set(names.forSite(undefined, 'quiet'), 'no instant', 60_000);
    const error = await caught(aBroker({ storage, authority }).acquireToken(ben, GRAPH));
    expect(error).to.have.property('retryAfterSeconds', 1);
    expect(authority.used).to.have.length(0);
  });
});
