/** The sessions of an account: tied, carried on, ended, and never tied again by what came late. */
import { expect } from 'chai';
import type { TokenBroker } from '../../src/broker/token-broker.ts';
import { createLog } from '../../src/log.ts';
import { openStorage } from '../../src/storage/open-storage.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { aBroker, CountingAuthority, FaultyStorage, signIn } from '../support/broker-rig.ts';
import { caught } from '../support/caught.ts';

describe('A session of an account', () => {
  let memory: Storage;
  let storage: FaultyStorage;
  let broker: TokenBroker;

  beforeEach(async () => {
    memory = await openStorage('memory:', { log: createLog('silent'), now: Date.now });
    storage = new FaultyStorage(memory);
    broker = aBroker({ storage, authority: new CountingAuthority() });
  });
  afterEach(async () => {
    await broker.close(1000);
    await storage.close();
  });

  it('goes on under another name, for as long as it would have lasted', async () => {
    const account = await signIn(broker, { sessionId: 'old', sessionEndsAt: Date.now() + 60_000 });
    expect(await broker.tie(account, 'old', 'new')).to.equal(true);
    const overview = await broker.inspect(account, 'new');
    const [old, now] = overview?.sessions ?? [];
    expect(now).to.deep.equal({ name: 'new', endsAt: old?.endsAt });
    await broker.untie(account, 'old');
    expect(await broker.describe(account, 'old')).to.equal(undefined);
    expect(await broker.describe(account, 'new')).to.include({ id: account.id });
  });

  it('ended while it goes on under another name takes that one with it, also at a sign-in anew', async () => {
    const account = await signIn(broker, { sessionId: 'old' });
    await broker.tie(account, 'old', 'new');
    await signIn(broker, { sessionId: 'anew', from: 'old' });
    await broker.forget(account, 'old');
    expect(await broker.describe(account, 'new')).to.equal(undefined);
    expect(await broker.describe(account, 'anew')).to.equal(undefined);
  });

  it('is left behind alone, and two may go on from it', async () => {
    const account = await signIn(broker, { sessionId: 'old' });
    await broker.tie(account, 'old', 'one');
    await broker.untie(account, 'old');
    expect(await broker.describe(account, 'old')).to.equal(undefined);
    expect(await broker.tie(account, 'old', 'two')).to.equal(true);
    await signIn(broker, { sessionId: 'three', from: 'old' });
    for (const name of ['one', 'two', 'three']) {
      expect(await broker.describe(account, name), name).to.include({ id: account.id });
    }
  });

  it('goes on under another name at fifty without any of the others making room', async () => {
    const names = Array.from({ length: 50 }, (_, i) => `session-${i}`);
    for (const sessionId of names) await signIn(broker, { sessionId });
    const account = await signIn(broker, { sessionId: 'anew', from: 'session-49' });
    await broker.untie(account, 'session-49');
    await broker.tie(account, 'session-0', 'on');
    await broker.untie(account, 'session-0');
    const kept = async () =>
      (await broker.inspect(account, 'on'))?.sessions.map(({ name }) => name) ?? [];
    expect(await kept()).to.deep.equal([...names.slice(1, 49), 'anew', 'on']);
    await signIn(broker, { sessionId: 'more' });
    expect(await kept()).to.deep.equal([...names.slice(2, 49), 'anew', 'on', 'more']);
  });

  it('that has ended is not gone on from by a sign-in that began in it', async () => {
    const account = await signIn(broker, { sessionId: 'old' });
    await signIn(broker, { sessionId: 'other' });
    await broker.forget(account, 'old');
    const error = await caught(signIn(broker, { sessionId: 'late', from: 'old' }));
    expect(error).to.include({ code: 'sign_in_failed', reason: 'ended-meanwhile' });
    expect(await broker.describe(account, 'late')).to.equal(undefined);
  });

  it('that has ended does not go on under another name', async () => {
    const account = await signIn(broker, { sessionId: 'old' });
    await signIn(broker, { sessionId: 'other' });
    await broker.forget(account, 'old');
    expect(await broker.tie(account, 'old', 'new')).to.equal(false);
    expect(await broker.describe(account, 'new')).to.equal(undefined);
  });

  it('does not go on once the account was ended everywhere, also when it signed in again', async () => {
    const account = await signIn(broker, { sessionId: 'old' });
    await broker.revoke(account.id);
    expect(await broker.tie(account, 'old', 'new')).to.equal(false);
    await signIn(broker, { sessionId: 'old' });
    expect(await broker.tie(account, 'old', 'new')).to.equal(false);
    expect(await broker.describe(account, 'old')).to.equal(undefined);
  });

  it('ends at its own time, whoever else uses the account', async () => {
    const account = await signIn(broker, {
      sessionId: 'brief',
      sessionEndsAt: Date.now() + 30_000,
    });
    await signIn(broker, { sessionId: 'long' });
    expect(await broker.describe(account, 'brief')).to.include({ id: account.id });
    const later = aBroker({ storage, authority: new CountingAuthority(), skewMs: 60_000 });
    expect(await later.describe(account, 'brief')).to.equal(undefined);
    expect(await later.describe(account, 'long')).to.include({ id: account.id });
    expect(await later.tie(account, 'brief', 'new')).to.equal(false);
  });

  describe('whose sign-in was under way when the account was ended', () => {
    it('is not let in: the sign-in fails, and nothing of it is kept', async () => {
      const account = await signIn(broker);
      const begunAt = Date.now();
      await broker.revoke(account.id);
      const error = await caught(signIn(broker, { sessionId: 'late', begunAt }));
      expect(error).to.include({ code: 'sign_in_failed', reason: 'ended-meanwhile' });
      const anew = await signIn(broker, { sessionId: 'anew' });
      const names = (await broker.inspect(anew, 'anew'))?.sessions.map(({ name }) => name);
      expect(names).to.deep.equal(['anew']);
    });

    it('is not let in when the end comes between its own two steps', async () => {
      const account = await signIn(broker);
      const begunAt = Date.now();
      // Every write of the sign-in is followed at once by the end of the account.
      const other = aBroker({
        storage: new FaultyStorage(memory),
        authority: new CountingAuthority(),
      });
      const replace = storage.replace;
      let isEnded = false;
      storage.replace = async (...change) => {
        const outcome = await replace(...change);
        if (!isEnded) {
          isEnded = true;
          await other.revoke(account.id);
        }
        return outcome;
      };
      const late = signIn(broker, { sessionId: 'late', begunAt });
      expect(await caught(late)).to.have.property('reason', 'ended-meanwhile');
      expect(await broker.describe(account, 'late')).to.equal(undefined);
    });

    it('may sign in again at once', async () => {
      const account = await signIn(broker);
      await broker.revoke(account.id);
      const again = await signIn(broker, { sessionId: 'again', begunAt: Date.now() + 1 });
      expect(await broker.describe(again, 'again')).to.include({ id: account.id });
      expect(again.epoch).not.to.equal(account.epoch);
    });

    it('ends with what had begun by then, and nothing newer, where the end is told of late', async () => {
      const now = Date.now();
      await signIn(broker, { sessionId: 'old', begunAt: now - 300_000 });
      const account = await signIn(broker, { sessionId: 'new', begunAt: now - 1000 });
      await broker.tie(account, 'old', 'on');
      const ended = await broker.revoke(account.id, now - 200_000);
      expect(ended).to.deep.equal(['old', 'on']);
      for (const name of ended) {
        expect(await broker.describe(account, name), name).to.equal(undefined);
      }
      expect(await broker.describe(account, 'new')).to.include({ id: account.id });
      const late = signIn(broker, { sessionId: 'late', begunAt: now - 200_000 });
      expect(await caught(late)).to.have.property('reason', 'ended-meanwhile');
      await signIn(broker, { sessionId: 'later', begunAt: now - 199_999 });
      expect(await broker.describe(account, 'later')).to.include({ id: account.id });
    });

    it('stays ended when an earlier end is told of after that', async () => {
      const now = Date.now();
      const account = await signIn(broker, { begunAt: now - 300_000 });
      await broker.revoke(account.id);
      await broker.revoke(account.id, now - 200_000);
      const late = signIn(broker, { sessionId: 'late', begunAt: now - 1000 });
      expect(await caught(late)).to.have.property('reason', 'ended-meanwhile');
    });

    it('is told when the account may not have ended', async () => {
      const account = await signIn(broker);
      storage.away = 'writes';
      expect(await caught(broker.revoke(account.id))).to.have.property('code', 'unavailable');
      storage.away = 'no';
      expect(await broker.describe(account, 'session-1')).to.include({ id: account.id });
    });
  });
});
