/** A token newer than the one that is kept: one refresh for all who want it, and nothing lost without it. */
import { expect } from 'chai';
import type { Account, TokenRequest } from '../../src/broker/account.ts';
import type { TokenBroker } from '../../src/broker/token-broker.ts';
import { SignInRequired, Unavailable } from '../../src/errors.ts';
import { createLog } from '../../src/log.ts';
import { openStorage } from '../../src/storage/open-storage.ts';
import { aBroker, CountingAuthority, FaultyStorage, signIn } from '../support/broker-rig.ts';

const GRAPH = { scopes: ['User.Read'] };
const FORCED: TokenRequest = { ...GRAPH, forceRefresh: true };

const failureOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => expect.fail('expected a failure'),
    (error: unknown) => error,
  );

describe('A forced renewal', () => {
  let storage: FaultyStorage;
  let authority: CountingAuthority;
  let broker: TokenBroker;
  let account: Account;

  const atMinute = (minutes: number) => aBroker({ storage, authority, skewMs: minutes * 60_000 });
  const signInEarlier = (redemption = {}) =>
    signIn(atMinute(-1), {
      accessToken: 'kept',
      refreshToken: authority.issue(),
      ...redemption,
    });

  beforeEach(async () => {
    const memory = await openStorage('memory:', { log: createLog('silent'), now: Date.now });
    storage = new FaultyStorage(memory);
    authority = new CountingAuthority();
    broker = atMinute(0);
    account = await signInEarlier();
  });

  afterEach(async () => {
    storage.away = 'no';
    await broker.close(1000);
    await storage.close();
  });

  it('gives another token than the good one that is kept, and keeps that for all', async () => {
    expect((await broker.acquireToken(account, GRAPH)).value).to.equal('kept');
    const { value } = await broker.acquireToken(account, FORCED);
    expect(value).to.match(/^access-token-.* for User.Read$/);
    expect((await broker.acquireToken(account, GRAPH)).value).to.equal(value);
    expect(authority.used).to.have.length(1);
  });

  it('is one refresh for two hundred callers of two brokers', async () => {
    authority.mode = 'family';
    const other = atMinute(0);
    const tokens = await Promise.all(
      Array.from({ length: 200 }, (_, n) => (n % 2 ? broker : other).acquireToken(account, FORCED)),
    );
    tokens.push(await other.acquireToken(account, FORCED));
    expect(authority.used).to.have.length(1);
    expect(new Set(tokens.map(({ value }) => value)).size).to.equal(1);
    expect(tokens[0]?.value).not.to.equal('kept');
  });

  it('is one refresh for brokers whose clocks disagree', async () => {
    const tokens = await Promise.all(
      [broker, atMinute(10), atMinute(20)].map((each) => each.acquireToken(account, FORCED)),
    );
    expect(authority.used).to.have.length(1);
    expect(new Set(tokens.map(({ value }) => value)).size).to.equal(1);
  });

  it('is one with the renewal that is under way already', async () => {
    account = await signInEarlier({ refreshInSeconds: 0 });
    authority.latencyMs = 50;
    expect((await broker.acquireToken(account, GRAPH)).value).to.equal('kept');
    expect((await broker.acquireToken(account, FORCED)).value).to.match(/^access-token/);
    expect(authority.used).to.have.length(1);
  });

  it('is none of a token that was got just now', async () => {
    account = await signIn(broker, { accessToken: 'just got', refreshToken: authority.issue() });
    expect((await broker.acquireToken(account, FORCED)).value).to.equal('just got');
    expect(authority.used).to.deep.equal([]);
  });

  it('is never the same request fifteen times in five minutes', async () => {
    for (let seconds = 0; seconds < 300; seconds += 5) {
      await aBroker({ storage, authority, skewMs: seconds * 1000 }).acquireToken(account, FORCED);
    }
    expect(authority.used.length).to.be.within(5, 14);
  });

  it('that fails again and again is tried ever less often', async () => {
    authority.next = Array.from({ length: 60 }, () => new Unavailable('away'));
    for (let seconds = 0; seconds < 300; seconds += 5) {
      const later = aBroker({ storage, authority, skewMs: seconds * 1000 });
      expect(await failureOf(later.acquireToken(account, FORCED))).to.be.instanceOf(Unavailable);
    }
    expect(authority.used.length).to.be.within(3, 14);
  });

  for (const fault of [
    new Unavailable('The authority is away.', { outcome: 'unknown' }),
    new SignInRequired('consent', { scopes: ['User.Read'] }),
    new SignInRequired('refresh-token-dead'),
  ]) {
    it(`that fails leaves the kept token in use: ${fault.code} ${fault.message}`, async () => {
      authority.next = [fault];
      expect(await failureOf(broker.acquireToken(account, FORCED))).to.equal(fault);
      expect((await broker.acquireToken(account, GRAPH)).value).to.equal('kept');
      const overview = await broker.inspect(account, 'session-1');
      expect(overview?.tokens).to.have.length(1);
    });
  }

  it('asks nothing of the authority while the store is away', async () => {
    storage.away = 'reads-and-writes';
    expect(await failureOf(broker.acquireToken(account, FORCED))).to.be.instanceOf(Unavailable);
    expect(authority.used).to.deep.equal([]);
  });

  it('is not content with what is better than nothing for others', async () => {
    account = await signInEarlier({ refreshInSeconds: 0 });
    const other = atMinute(0);
    authority.next = [new Unavailable('busy', { retryAfterSeconds: 60 })];
    const arrived = new Promise<void>((resolve) => {
      authority.onArrival = async () => resolve();
    });
    authority.latencyMs = 50;
    await other.acquireToken(account, GRAPH);
    await arrived;
    expect((await broker.acquireToken(account, GRAPH)).value).to.equal('kept');
    expect(await failureOf(broker.acquireToken(account, FORCED))).to.be.instanceOf(Unavailable);
    expect(authority.used).to.have.length(1);
  });

  it('does not bring back an account that signed out meanwhile', async () => {
    authority.onArrival = () => broker.forget(account, 'session-1');
    const error = await failureOf(broker.acquireToken(account, FORCED));
    expect(error).to.include({ code: 'sign_in_required', reason: 'no-session' });
    expect(await broker.inspect(account, 'session-1')).to.equal(undefined);
  });

  it('brings a token that is renewed once more when an API refuses it', async () => {
    const { value } = await broker.acquireToken(account, FORCED);
    const next = await broker.acquireToken(account, { ...GRAPH, refused: value });
    expect(next.value).not.to.equal(value);
    expect(authority.used).to.have.length(2);
  });

  it('adds nothing to what a refused token asks for', async () => {
    const wanted = { ...FORCED, refused: 'kept' };
    const first = await broker.acquireToken(account, wanted);
    const second = await atMinute(5).acquireToken(account, wanted);
    expect(second.value).to.equal(first.value);
    expect(authority.used).to.have.length(1);
  });

  it('with claims answers those claims, and takes no newer token without them', async () => {
    const wanted = { ...FORCED, claims: '{"access_token":{"acrs":{"essential":true}}}' };
    const first = await broker.acquireToken(account, wanted);
    const later = atMinute(2);
    const tokens = await Promise.all([
      later.acquireToken(account, FORCED),
      later.acquireToken(account, wanted),
    ]);
    expect(new Set([first, ...tokens].map(({ value }) => value)).size).to.equal(3);
    const asked = authority.asked.map(({ claims }) => claims);
    expect(asked).to.deep.equal([wanted.claims, undefined, wanted.claims]);
  });

  it('where nothing is kept is an ordinary refresh', async () => {
    const wanted: TokenRequest = { scopes: ['Mail.Read'], forceRefresh: true };
    expect((await broker.acquireToken(account, wanted)).value).to.match(/for Mail.Read$/);
    expect(authority.used).to.have.length(1);
  });

  it('of a token of the site itself is one request for all', async () => {
    const app: TokenRequest = { scopes: ['api://todos/.default'], tenantId: 'tenant' };
    const first = await atMinute(-1).acquireAppToken(app);
    const forced: TokenRequest = { ...app, forceRefresh: true };
    const tokens = await Promise.all([
      ...Array.from({ length: 10 }, () => broker.acquireAppToken(forced)),
      ...Array.from({ length: 10 }, () => atMinute(0).acquireAppToken(forced)),
    ]);
    expect(new Set(tokens.map(({ value }) => value)).size).to.equal(1);
    expect(tokens[0]?.value).not.to.equal(first.value);
    expect(authority.askedForApp).to.have.length(2);
  });
});
