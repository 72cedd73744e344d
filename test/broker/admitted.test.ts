/** Accounts that were kept, and may not be used under the settings as they are now: they count as ended. */
import { expect } from 'chai';
import type { TokenBroker } from '../../src/broker/token-broker.ts';
import type { IsAdmitted } from '../../src/broker/token-broker-options.ts';
import { createLog } from '../../src/log.ts';
import { openStorage } from '../../src/storage/open-storage.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { aBroker, anIdentity, CountingAuthority, signIn } from '../support/broker-rig.ts';
import { caught } from '../support/caught.ts';

const HERE = { scopes: ['User.Read'] };
const isAdmitted: IsAdmitted = ({ identity }) => identity.tenantId !== 'tenant';

describe('An account that may not be used any more', () => {
  let storage: Storage;
  let authority: CountingAuthority;
  let before: TokenBroker;
  /** The same site, started again with other settings. */
  let after: TokenBroker;

  beforeEach(async () => {
    storage = await openStorage('memory:', { log: createLog('silent'), now: Date.now });
    authority = new CountingAuthority();
    before = aBroker({ storage, authority });
    after = aBroker({ storage, authority, isAdmitted });
  });
  afterEach(() => storage.close());

  it('is signed in nowhere, from near or from the store', async () => {
    const account = await signIn(before, { refreshToken: authority.issue() });
    for (const near of [true, false]) {
      expect(await before.describe(account, 'session-1', { near })).not.to.equal(undefined);
      expect(await after.describe(account, 'session-1', { near })).to.equal(undefined);
      expect(await after.inspect(account, 'session-1', { near })).to.equal(undefined);
    }
  });

  it('has no token for anyone, kept or renewed, and nothing of it is sent anywhere', async () => {
    const account = await signIn(before, { refreshToken: authority.issue() });
    const expired = await signIn(before, {
      ...{ identity: anIdentity('other'), refreshToken: authority.issue(), expiresInSeconds: 0 },
    });
    for (const each of [account, expired]) {
      for (const request of [HERE, { ...HERE, forceRefresh: true as const }]) {
        const error = await caught(after.acquireToken(each, request));
        expect(error).to.have.property('reason', 'no-session');
      }
    }
    expect(authority.used).to.deep.equal([]);
  });

  it('is known by what the authority was called when it signed in, until it signs in anew', async () => {
    const seen: (string | undefined)[] = [];
    const at = (name?: string) =>
      aBroker({
        ...{ storage, authority, authorityName: name },
        isAdmitted: ({ authority: kept }) => {
          seen.push(kept);
          return kept === name;
        },
      });
    const account = await signIn(at('here'), { refreshToken: authority.issue() });
    expect(await at('here').describe(account, 'session-1')).not.to.equal(undefined);
    expect(await at('there').describe(account, 'session-1')).to.equal(undefined);
    const anew = await signIn(at('there'), { sessionId: 'session-2' });
    expect(await at('there').describe(anew, 'session-2')).not.to.equal(undefined);
    expect(await at().describe(anew, 'session-2')).to.equal(undefined);
    expect(new Set(seen)).to.have.keys('here', 'there');
  });

  it('keeps that name through a refresh', async () => {
    const kept =
      (name: string): IsAdmitted =>
      (record) =>
        record.authority === name;
    const here = aBroker({
      ...{ storage, authority, authorityName: 'here', isAdmitted: kept('here') },
    });
    const account = await signIn(here, { refreshToken: authority.issue(), expiresInSeconds: 0 });
    await here.acquireToken(account, HERE);
    expect(await here.describe(account, 'session-1')).not.to.equal(undefined);
  });

  it('lends its session to no new one', async () => {
    const account = await signIn(before, { refreshToken: authority.issue() });
    expect(await after.tie(account, 'session-1', 'session-2')).to.equal(false);
    expect(await before.tie(account, 'session-1', 'session-2')).to.equal(true);
  });

  it('can still be signed out, and ended everywhere', async () => {
    const account = await signIn(before, { refreshToken: authority.issue() });
    await signIn(before, { sessionId: 'session-2' });
    await after.forget(account, 'session-1');
    expect(await before.describe(account, 'session-1')).to.equal(undefined);
    expect(await after.revoke(account.id)).to.deep.equal(['session-2']);
    expect(await before.describe(account, 'session-2')).to.equal(undefined);
  });

  it('hands nothing on to a new sign-in under the same name: no token and no session', async () => {
    const old = await signIn(before, { refreshToken: authority.issue(), accessToken: 'old' });
    const identity = { ...anIdentity(), tenantId: 'another' };
    const account = await signIn(after, { identity, sessionId: 'session-2', askedScopes: [] });
    expect(account.epoch).not.to.equal(old.epoch);
    expect(await after.describe(account, 'session-2')).not.to.equal(undefined);
    expect(await after.describe(account, 'session-1')).to.equal(undefined);
    const error = await caught(after.acquireToken(account, HERE));
    expect(error).to.have.property('reason', 'refresh-token-dead');
    expect(authority.used).to.deep.equal([]);
  });
});
