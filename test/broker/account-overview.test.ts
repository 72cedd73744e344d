/** What the broker tells of an account to the person it is of, and the removal of one token. */
import { expect } from 'chai';
import type { Account } from '../../src/broker/account.ts';
import type { TokenBroker } from '../../src/broker/token-broker.ts';
import { SignInRequired } from '../../src/errors.ts';
import { createLog } from '../../src/log.ts';
import { openStorage } from '../../src/storage/open-storage.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { aBroker, anIdentity, CountingAuthority, signIn } from '../support/broker-rig.ts';

const GRAPH = { scopes: ['User.Read'] };
const TODOS = { scopes: ['api://todos/Todos.Read', 'api://todos/Todos.Write'] };

describe('The overview of an account', () => {
  let storage: Storage;
  let authority: CountingAuthority;
  let broker: TokenBroker;
  let account: Account;

  beforeEach(async () => {
    storage = await openStorage('memory:', { log: createLog('silent'), now: Date.now });
    authority = new CountingAuthority();
    broker = aBroker({ storage, authority });
    account = await signIn(broker, {
      refreshToken: authority.issue(),
      askedScopes: ['User.Read', 'Mail.Read'],
    });
  });

  afterEach(async () => {
    await broker.close(1000);
    await storage.close();
  });

  const inspect = async (of = account, sessionId = 'session-1', by = broker) =>
    (await by.inspect(of, sessionId)) ?? expect.fail('there is no such account');
  const tokenIdsOf = async (of: Account) => (await inspect(of)).tokens.map(({ id }) => id);
  const tokenIds = () => tokenIdsOf(account);

  it('says for which resources tokens are kept, with what and until when', async () => {
    await broker.acquireToken(account, TODOS);
    await broker.acquireToken(account, { ...GRAPH, tenantId: 'Other-Tenant' });
    const { tokens } = await inspect();
    expect(tokens.map(({ id, gotAt, refreshAt, expiresAt, ...rest }) => rest)).to.deep.equal([
      {
        tenantId: undefined,
        resource: '',
        granted: ['user.read'],
        asked: ['user.read', 'mail.read'],
      },
      {
        tenantId: undefined,
        resource: 'api://todos',
        granted: ['todos.read', 'todos.write'],
        asked: ['todos.read', 'todos.write'],
      },
      {
        tenantId: 'other-tenant',
        resource: '',
        granted: ['user.read'],
        asked: ['user.read'],
      },
    ]);
    for (const { gotAt, refreshAt, expiresAt } of tokens) {
      expect(gotAt).to.be.closeTo(Date.now(), 60_000);
      expect(refreshAt).to.be.within(gotAt + 1, expiresAt - 1);
      expect(expiresAt - gotAt).to.equal(3_600_000);
    }
    expect(new Set(await tokenIds()).size).to.equal(3);
  });

  it('is there whatever else came with the code', async () => {
    const more = { claims: { sub: 'subject' } };
    account = await signIn(broker, { ...more, refreshToken: authority.issue() });
    expect((await inspect()).tokens).to.have.length(2);
  });

  it('holds no token, and nothing that opens the record', async () => {
    const { value } = await broker.acquireToken(account, TODOS);
    const text = JSON.stringify(await inspect());
    expect(text)
      .not.to.include(value)
      .and.not.match(/access-token|refresh-token/);
    expect(text)
      .not.to.include(account.epoch)
      .and.not.match(/grantId|epoch/);
  });

  it('names its sessions until they end', async () => {
    await signIn(broker, { sessionId: 'session-2' });
    const { sessions } = await inspect();
    expect(sessions.map(({ name }) => name)).to.deep.equal(['session-1', 'session-2']);
    expect(sessions[0]?.endsAt).to.be.closeTo(Date.now() + 3_600_000, 60_000);
    const later = aBroker({ storage, authority, skewMs: 1_800_000 });
    await signIn(later, { sessionId: 'session-3' });
    const afterHours = aBroker({ storage, authority, skewMs: 3_700_000 });
    const left = (await inspect(account, 'session-3', afterHours)).sessions;
    expect(left.map(({ name }) => name)).to.deep.equal(['session-3']);
  });

  it('says whether tokens can be renewed without the person', async () => {
    expect((await inspect()).refreshToken).to.equal('good');
    authority.revoke();
    await broker.acquireToken(account, TODOS).catch(() => undefined);
    expect((await inspect()).refreshToken).to.equal('dead');
    const identity = anIdentity('without.refresh');
    const without = await signIn(broker, { identity, sessionId: 'session-9' });
    expect((await inspect(without, 'session-9')).refreshToken).to.equal('absent');
  });

  it('tells what the authority has just refused, and not for longer than that holds', async () => {
    authority.next = [
      new SignInRequired('consent', { scopes: TODOS.scopes }),
      new SignInRequired('interaction', { claims: '{"a":1}' }),
    ];
    await broker.acquireToken(account, TODOS).catch(() => undefined);
    await broker
      .acquireToken(account, { scopes: ['Files.Read'], tenantId: 'other' })
      .catch(() => undefined);
    expect((await inspect()).refusals).to.deep.equal([
      {
        reason: 'consent',
        tenantId: undefined,
        resource: 'api://todos',
        asked: ['todos.read', 'todos.write'],
      },
      { reason: 'interaction', tenantId: 'other', resource: '', asked: ['files.read'] },
    ]);
    const later = aBroker({ storage, authority, skewMs: 61_000 });
    expect((await inspect(account, 'session-1', later)).refusals).to.deep.equal([]);
  });

  it('is not given for another epoch, nor for a session that is not its own', async () => {
    expect(await broker.inspect({ ...account, epoch: 'passed' }, 'session-1')).to.equal(undefined);
    expect(await broker.inspect(account, 'session-of-another')).to.equal(undefined);
    await broker.forget(account, 'session-1');
    expect(await broker.inspect(account, 'session-1', { near: true })).to.equal(undefined);
  });

  describe('and a removed token', () => {
    it('is gone alone, and got again by who needs it', async () => {
      const { value } = await broker.acquireToken(account, TODOS);
      const [graph = '', todos = ''] = await tokenIds();
      await broker.removeToken(account, todos);
      expect(await tokenIds()).to.deep.equal([graph]);
      expect((await broker.acquireToken(account, TODOS)).value).not.to.equal(value);
      expect(await tokenIds()).to.deep.equal([graph, todos]);
    });

    it('is removed once, and what was never there is no fault', async () => {
      const [graph = ''] = await tokenIds();
      await Promise.all([1, 2, 3].map(() => broker.removeToken(account, graph)));
      for (const id of [graph, 'nothing', '', '__proto__']) await broker.removeToken(account, id);
      expect(await tokenIds()).to.deep.equal([]);
      expect((await inspect()).refreshToken).to.equal('good');
    });

    it('is left where the account was ended and signed in to anew', async () => {
      const [graph = ''] = await tokenIds();
      await broker.revoke(account.id);
      await broker.removeToken(account, graph);
      expect(await broker.inspect(account, 'session-1')).to.equal(undefined);
      const anew = await signIn(broker);
      expect(anew.epoch).not.to.equal(account.epoch);
      for (const id of await tokenIdsOf(anew)) await broker.removeToken(account, id);
      expect(await tokenIdsOf(anew)).to.have.length(1);
    });

    it('is not another account’s, whose tokens have the same ids', async () => {
      const identity = anIdentity('other.utid');
      const other = await signIn(broker, { identity, sessionId: 'session-2' });
      const [id = ''] = (await inspect(other, 'session-2')).tokens.map((token) => token.id);
      await broker.removeToken(account, id);
      expect((await inspect(other, 'session-2')).tokens).to.have.length(1);
    });
  });
});
