/** Copies near at hand: they may say yes, and nothing else. */
import { expect } from 'chai';
import type { Account } from '../../src/broker/account.ts';
import type { TokenBroker } from '../../src/broker/token-broker.ts';
import { createLog } from '../../src/log.ts';
import { openStorage } from '../../src/storage/open-storage.ts';
import type { ReadOptions, Storage } from '../../src/storage/storage.ts';
import { aBroker, CountingAuthority, FaultyStorage, signIn } from '../support/broker-rig.ts';
import { caught } from '../support/caught.ts';

const GRAPH = { scopes: ['User.Read'] };

/** A store with copies near at hand that stay as they are until they are let go. */
class StaleStorage extends FaultyStorage {
  readonly #copies = new Map<string, string | undefined>();
  /** Reads that went to the store. */
  reads = 0;

  constructor(storage: Storage) {
    super(storage);
    const read = this.get;
    this.get = async (name: string, { near = false }: ReadOptions = {}) => {
      if (near && this.#copies.has(name)) return this.#copies.get(name);
      this.reads += 1;
      const bytes = await read(name);
      if (near) this.#copies.set(name, bytes);
      return bytes;
    };
  }
}

describe('A copy near at hand', () => {
  let storage: StaleStorage;
  let authority: CountingAuthority;
  let broker: TokenBroker;
  /** Another process: its writes are not seen in the copies. */
  let other: TokenBroker;

  beforeEach(async () => {
    const memory = await openStorage('memory:', { log: createLog('silent'), now: Date.now });
    storage = new StaleStorage(memory);
    authority = new CountingAuthority();
    broker = aBroker({ storage, authority });
    other = aBroker({ storage: new FaultyStorage(memory), authority });
  });
  afterEach(async () => {
    await broker.close(1000);
    await storage.close();
  });

  it('gives a valid token without asking the store', async () => {
    const account = await signIn(other, { accessToken: 'kept' });
    await broker.acquireToken(account, GRAPH);
    const { reads } = storage;
    storage.away = 'reads-and-writes';
    for (let i = 0; i < 10; i += 1) {
      expect((await broker.acquireToken(account, GRAPH)).value).to.equal('kept');
    }
    expect(storage.reads).to.equal(reads);
  });

  it('that has no account, or an earlier one, asks the store', async () => {
    const nobody: Account = { id: 'uid.utid', epoch: 'none' };
    expect(await caught(broker.acquireToken(nobody, GRAPH))).to.have.property(
      'reason',
      'no-session',
    );
    const account = await signIn(other, { accessToken: 'first' });
    expect((await broker.acquireToken(account, GRAPH)).value).to.equal('first');
    await other.revoke(account.id);
    const again = await signIn(other, { accessToken: 'second' });
    expect((await broker.acquireToken(again, GRAPH)).value).to.equal('second');
  });

  it('whose token is past use finds the one that another process got', async () => {
    const account = await signIn(other, { refreshToken: authority.issue(), expiresInSeconds: 0 });
    await broker.describe(account, 'session-1', { near: true });
    const { value } = await other.acquireToken(account, GRAPH);
    expect((await broker.acquireToken(account, GRAPH)).value).to.equal(value);
    expect(authority.used).to.have.length(1);
  });

  it('whose refresh token is dead finds the new sign-in', async () => {
    const account = await signIn(other, { refreshToken: 'unknown', expiresInSeconds: 0 });
    expect(await caught(other.acquireToken(account, GRAPH))).to.have.property(
      'reason',
      'refresh-token-dead',
    );
    await broker.describe(account, 'session-1', { near: true });
    await signIn(other, { refreshToken: authority.issue(), accessToken: 'anew' });
    expect((await broker.acquireToken(account, GRAPH)).value).to.equal('anew');
  });

  it('tells of an account and its session only what it is sure of', async () => {
    const account = await signIn(other, { sessionId: 'laptop' });
    expect(await broker.describe(account, 'laptop', { near: true })).to.have.property('id');
    await signIn(other, { sessionId: 'phone' });
    expect(await broker.describe(account, 'phone', { near: true }), 'newer').to.have.property('id');
    await other.forget(account, 'laptop');
    expect(await broker.describe(account, 'laptop'), 'asked of the store').to.equal(undefined);
    expect(await broker.describe(account, 'never', { near: true })).to.equal(undefined);
  });

  it('is not what a refresh works on', async () => {
    authority.mode = 'family';
    const account = await signIn(other, { refreshToken: authority.issue(), expiresInSeconds: 0 });
    await broker.describe(account, 'session-1', { near: true });
    await other.acquireToken(account, { scopes: ['api://todos/Todos.Read'] });
    await broker.acquireToken(account, GRAPH);
    expect(new Set(authority.used).size).to.equal(2);
  });
});
