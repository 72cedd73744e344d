/** Tokens of the site itself: got once, kept for all, and never anyone's reason to sign in. */
import { expect } from 'chai';
import type { TokenBroker } from '../../src/broker/token-broker.ts';
import { Misconfigured, Unavailable } from '../../src/errors.ts';
import { createLog } from '../../src/log.ts';
import { openStorage } from '../../src/storage/open-storage.ts';
import { aBroker, CountingAuthority, FaultyStorage } from '../support/broker-rig.ts';
import { caught } from '../support/caught.ts';
import { ERROR, logLines } from '../support/log-lines.ts';

const GRAPH = { scopes: ['https://graph.microsoft.com/.default'] };
const TODOS = { scopes: ['api://todos/.default'] };
const TENANT = '6a0a2c1e-1111-4a4a-9f0b-2c7a6d1f0a11';

describe('Tokens of the site itself', () => {
  let storage: FaultyStorage;
  let authority: CountingAuthority;
  let broker: TokenBroker;

  beforeEach(async () => {
    storage = new FaultyStorage(
      await openStorage('memory:', { log: createLog('silent'), now: Date.now }),
    );
    authority = new CountingAuthority();
    broker = aBroker({ storage, authority });
  });
  afterEach(async () => {
    storage.away = 'no';
    await broker.close(1000);
    await storage.close();
  });

  it('are asked for once by two hundred callers of two processes', async () => {
    const other = aBroker({ storage, authority });
    const tokens = await Promise.all(
      Array.from({ length: 200 }, (_, n) => (n % 2 ? broker : other).acquireAppToken(GRAPH)),
    );
    expect(authority.askedForApp).to.have.length(1);
    expect(new Set(tokens.map(({ value }) => value)).size).to.equal(1);
    expect(authority.used, 'no refresh token is used').to.deep.equal([]);
  });

  it('are kept for each tenant and resource', async () => {
    const asked = [GRAPH, TODOS, { ...GRAPH, tenantId: TENANT }];
    for (const request of [...asked, ...asked]) await broker.acquireAppToken(request);
    const sent = authority.askedForApp.map(({ scopes, tenantId }) => ({ scopes, tenantId }));
    expect(sent).to.deep.equal(asked.map((request) => ({ tenantId: undefined, ...request })));
    const here = await broker.acquireAppToken(GRAPH);
    expect(await broker.acquireAppToken(TODOS)).not.to.deep.equal(here);
    expect(await broker.acquireAppToken({ ...GRAPH, tenantId: TENANT })).not.to.deep.equal(here);
  });

  it('are found by nobody whose settings name another authority', async () => {
    const first = await broker.acquireAppToken(GRAPH);
    const elsewhere = aBroker({ storage, authority, ownName: 'client https://b.test/common' });
    expect((await elsewhere.acquireAppToken(GRAPH)).value).not.to.equal(first.value);
    expect(authority.askedForApp).to.have.length(2);
  });

  it('are renewed in the background past half their life, and asked for anew near their end', async () => {
    const first = await broker.acquireAppToken(GRAPH);
    const later = aBroker({ storage, authority, skewMs: 2_400_000 });
    expect((await later.acquireAppToken(GRAPH)).value).to.equal(first.value);
    await later.close(1000);
    expect(authority.askedForApp).to.have.length(2);
    const muchLater = aBroker({ storage, authority, skewMs: 7_200_000 });
    await muchLater.acquireAppToken(GRAPH);
    expect(authority.askedForApp).to.have.length(3);
  });

  it('are asked for anew when an API has refused one, or puts claims', async () => {
    const { value: refused } = await broker.acquireAppToken(GRAPH);
    const { value } = await broker.acquireAppToken({ ...GRAPH, refused });
    expect(value).not.to.equal(refused);
    expect((await broker.acquireAppToken({ ...GRAPH, refused })).value).to.equal(value);
    await broker.acquireAppToken({ ...GRAPH, claims: '{"access_token":{}}' });
    expect(authority.askedForApp.map(({ claims }) => claims)).to.deep.equal([
      undefined,
      undefined,
      '{"access_token":{}}',
    ]);
  });

  it('that the authority refuses are an alarm for the operator, and not asked for again at once', async () => {
    const lines = logLines();
    authority.next = [new Misconfigured('No.', { detail: { error: 'invalid_client' } })];
    const alarmed = aBroker({ storage, authority, log: lines.log });
    expect(await caught(alarmed.acquireAppToken(GRAPH))).to.have.property('code', 'misconfigured');
    expect(await caught(broker.acquireAppToken(GRAPH))).to.have.property('code', 'misconfigured');
    expect(authority.askedForApp).to.have.length(1);
    const [line] = lines.of('app_token_failed');
    expect(line).to.include({ level: ERROR, error: 'invalid_client' });
    await broker.acquireAppToken(TODOS);
  });

  it('are not asked of an authority that wants quiet', async () => {
    authority.next = [new Unavailable('Busy.', { retryAfterSeconds: 60 })];
    await caught(broker.acquireAppToken(GRAPH));
    expect(await caught(broker.acquireAppToken(TODOS))).to.have.property('retryAfterSeconds', 60);
    expect(authority.askedForApp).to.have.length(1);
  });

  it('are given to who waits even if the store takes no writes', async () => {
    authority.onArrival = async () => {
      storage.away = 'writes';
    };
    await broker.acquireAppToken(GRAPH);
    storage.away = 'no';
    authority.onArrival = undefined;
    await broker.acquireAppToken(GRAPH);
    expect(authority.askedForApp).to.have.length(2);
  });

  it('are not asked for by a holder of the lease that fell silent', async () => {
    const lease = { beatMs: 20, takeoverMs: 100, sendWindowMs: 60 };
    const cut = new FaultyStorage(storage);
    const slow = aBroker({ storage: cut, authority, lease });
    const other = aBroker({ storage, authority, lease });
    let taken: string | undefined;
    authority.onPreparation = async () => {
      authority.onPreparation = undefined;
      cut.away = 'reads-and-writes';
      taken = (await other.acquireAppToken(GRAPH)).value;
      cut.away = 'no';
    };
    expect((await slow.acquireAppToken(GRAPH)).value).to.equal(taken);
    expect(authority.askedForApp).to.have.length(1);
  });
});
