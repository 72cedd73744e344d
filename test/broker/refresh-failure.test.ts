/** What the audit log is told of refreshes that failed, and of sessions that had to make room. */
import { expect } from 'chai';
import { type AuditEvent, auditLog } from '../../src/audit.ts';
import { documentedEvents } from '../../src/audit-events.ts';
import type { Account } from '../../src/broker/account.ts';
import { Misconfigured, SignInRequired, Unavailable } from '../../src/errors.ts';
import { createLog } from '../../src/log.ts';
import { openStorage } from '../../src/storage/open-storage.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { aBroker, anIdentity, CountingAuthority, signIn } from '../support/broker-rig.ts';
import { caught } from '../support/caught.ts';
import { logLines } from '../support/log-lines.ts';

const GRAPH = { scopes: ['User.Read'] };
const TODOS = { scopes: ['api://todos/Todos.Read'] };
const detail = { error: 'invalid_grant', errorCodes: [50_173], traceId: 'trace' };

describe('The audit log of the broker', () => {
  let storage: Storage;
  let authority: CountingAuthority;
  let events: AuditEvent[];

  beforeEach(async () => {
    storage = await openStorage('memory:', { log: createLog('silent'), now: Date.now });
    authority = new CountingAuthority();
    events = [];
  });
  afterEach(() => storage.close());

  const audited = () =>
    aBroker({ storage, authority, audit: (event) => events.push(event), sleep: async () => {} });
  const signInUsedUp = (identity = anIdentity()): Promise<Account> =>
    signIn(audited(), { refreshToken: authority.issue(), expiresInSeconds: 0, identity });
  const who = { account: 'uid.utid', tenantId: 'tenant' };
  const nothing = { error: undefined, errorCodes: undefined, outcome: undefined };

  for (const [failure, expected] of [
    [new SignInRequired('refresh-token-dead', { detail }), { reason: 'refresh-token-dead' }],
    [new SignInRequired('interaction', { detail }), { reason: 'interaction' }],
    [new SignInRequired('consent', { detail }), { reason: 'consent' }],
    [new Misconfigured('ours', { detail }), { reason: 'misconfigured' }],
    [new Unavailable('busy', { detail }), { reason: 'unavailable', outcome: 'not-done' }],
    [
      new Unavailable('busy', { detail, outcome: 'unknown' }),
      { reason: 'unavailable', outcome: 'unknown' },
    ],
  ] as const) {
    const { reason } = expected;
    it(`names a refresh that failed once, however many asked: ${failure.name} ${reason}`, async () => {
      const account = await signInUsedUp();
      authority.next = [failure];
      const broker = audited();
      const asked = Array.from({ length: 10 }, () => caught(broker.acquireToken(account, TODOS)));
      await Promise.all(asked);
      const { error, errorCodes } = detail;
      const event = { event: 'refresh_failed', resource: 'api://todos', ...who, error, errorCodes };
      expect(events).to.deep.equal([{ ...event, outcome: undefined, ...expected }]);
      const { fields } = documentedEvents.refresh_failed;
      expect(Object.keys(events[0] ?? {})).to.have.members(['event', ...Object.keys(fields)]);
    });
  }

  for (const [what, accountId, expected] of [
    ['for another account', 'other.utid', { reason: 'foreign-account' }],
    ['that cannot be checked', 'uid.utid', { reason: 'unavailable', outcome: 'not-done' }],
  ] as const) {
    it(`names an answer ${what}`, async () => {
      const account = await signInUsedUp();
      const cause = new Unavailable('The signing key is not known yet.');
      const refreshToken = authority.issue();
      authority.next = [() => ({ kind: 'unverified', refreshToken, accountId, cause })];
      await caught(audited().acquireToken(account, GRAPH));
      const event = { event: 'refresh_failed', resource: 'Microsoft Graph', ...who, ...nothing };
      expect(events).to.deep.equal([{ ...event, ...expected }]);
    });
  }

  it('says nothing of refreshes that went well, or were not sent', async () => {
    const account = await signInUsedUp();
    const broker = audited();
    await broker.acquireToken(account, GRAPH);
    await caught(broker.acquireToken({ ...account, epoch: 'another' }, GRAPH));
    expect(events).to.deep.equal([]);
  });

  it('names the session that makes room for one too many', async () => {
    const broker = audited();
    const hash = (n: number) => n.toString(16).padStart(4, '0').repeat(16);
    for (let n = 0; n < 50; n += 1) await signIn(broker, { sessionId: hash(n) });
    expect(events).to.deep.equal([]);
    const account = await signIn(broker, { sessionId: hash(50) });
    // Under another name it is one session still; it is two when it goes on twice.
    await broker.tie(account, hash(50), hash(51));
    expect(events).to.have.length(1);
    await broker.tie(account, hash(50), hash(52));
    await broker.tie(account, 'none', hash(53));
    const event = { event: 'session_pushed_out', ...who };
    expect(events).to.deep.equal([
      { ...event, session: '000000000000' },
      { ...event, session: '000100010001' },
    ]);
  });

  it('tells no secret, no name and no address of mail', async () => {
    const account = await signInUsedUp();
    const lines = logLines();
    const broker = aBroker({ storage, authority, log: lines.log, audit: auditLog(lines.log) });
    const cause = new Error('refused: refresh-token-SECRET of ada@contoso.example');
    const claims = '{"access_token":{"acrs":{"value":"claims-SECRET"}}}';
    authority.next = [new SignInRequired('interaction', { cause, detail, claims })];
    await caught(broker.acquireToken(account, { ...TODOS, claims, refused: 'access-SECRET' }));
    const [written, ...more] = lines
      .text()
      .split('\n')
      .filter((line) => line.includes('"audit"'));
    expect(more).to.deep.equal([]);
    expect(written).to.include('"reason":"interaction"').and.include('uid.utid');
    const { name = '', username = '' } = anIdentity();
    const secrets = ['SECRET', ...authority.used, name, username, account.epoch, 'session-1'];
    for (const secret of secrets) {
      expect(secret).not.to.equal('');
      expect(written).not.to.include(secret);
    }
  });
});
