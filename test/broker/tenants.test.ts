/** One refresh token, several tenants: each tenant's access tokens have their own place. */
import { expect } from 'chai';
import type { TokenBroker } from '../../src/broker/token-broker.ts';
import { SignInRequired } from '../../src/errors.ts';
import { createLog } from '../../src/log.ts';
import { openStorage } from '../../src/storage/open-storage.ts';
import type { Storage } from '../../src/storage/storage.ts';
import type { RefreshAnswer } from '../../src/token-response.ts';
import { aBroker, anIdentity, CountingAuthority, newId, signIn } from '../support/broker-rig.ts';
import { caught } from '../support/caught.ts';

const HERE = { scopes: ['User.Read'] };
const THERE = { ...HERE, tenantId: '6A0A2C1E-1111-4a4a-9f0b-2c7a6d1f0a11' };

describe('The tokens of several tenants', () => {
  let storage: Storage;
  let authority: CountingAuthority;
  let broker: TokenBroker;

  beforeEach(async () => {
    storage = await openStorage('memory:', { log: createLog('silent'), now: Date.now });
    authority = new CountingAuthority();
    broker = aBroker({ storage, authority });
  });
  afterEach(() => storage.close());

  it('are got by one refresh each, and never given for one another', async () => {
    authority.mode = 'family';
    const account = await signIn(broker, { refreshToken: authority.issue(), accessToken: 'home' });
    const other = aBroker({ storage, authority });
    const tokens = await Promise.all(
      Array.from({ length: 40 }, (_, n) =>
        (n % 2 ? broker : other).acquireToken(account, n % 4 < 2 ? HERE : THERE),
      ),
    );
    expect(new Set(tokens.map(({ value }) => value)).size).to.equal(2);
    expect(tokens.filter(({ value }) => value === 'home')).to.have.length(20);
    expect(authority.asked.map(({ tenantId }) => tenantId)).to.deep.equal([THERE.tenantId]);
    const lower = { ...THERE, tenantId: THERE.tenantId.toLowerCase() };
    expect((await broker.acquireToken(account, lower)).value).to.equal(tokens[2]?.value);
  });

  it('fail for one tenant without a word about the other', async () => {
    const account = await signIn(broker, { refreshToken: authority.issue(), expiresInSeconds: 0 });
    authority.next = [new SignInRequired('consent', { scopes: HERE.scopes })];
    expect(await caught(broker.acquireToken(account, THERE))).to.have.property('reason', 'consent');
    await broker.acquireToken(account, HERE);
    expect(await caught(broker.acquireToken(account, THERE))).to.have.property('reason', 'consent');
    expect(authority.used).to.have.length(2);
  });

  it('are another account’s if the authority says so, and then nothing of them is kept', async () => {
    const account = await signIn(broker, { refreshToken: authority.issue() });
    authority.next = [
      (answer) =>
        answer.kind === 'verified'
          ? { ...answer, response: { ...answer.response, identity: anIdentity(newId()) } }
          : answer,
    ];
    expect(await caught(broker.acquireToken(account, THERE))).to.have.property(
      'code',
      'unavailable',
    );
  });

  it('of a guest are known by the home account, under another issuer and subject', async () => {
    const account = await signIn(broker, { refreshToken: authority.issue() });
    const guest = { ...anIdentity(), issuer: 'https://authority.test/there/v2.0', subject: 'g' };
    authority.next = [
      (answer) =>
        answer.kind === 'verified'
          ? { ...answer, response: { ...answer.response, identity: guest } }
          : answer,
    ];
    await broker.acquireToken(account, THERE);
    expect((await broker.describe(account, 'session-1'))?.identity).to.deep.equal(anIdentity());
  });

  describe('when the authority signs the account in to another tenant than it did', () => {
    const moved = { ...anIdentity(), issuer: 'https://authority.test/there/v2.0', subject: 'g' };
    const straying = (answer: RefreshAnswer): RefreshAnswer =>
      answer.kind === 'verified'
        ? { ...answer, response: { ...answer.response, identity: moved } }
        : answer;

    it('are not handed out, and the person signs in anew; the refresh token is not lost', async () => {
      authority.mode = 'family';
      const account = await signIn(broker, {
        refreshToken: authority.issue(),
        expiresInSeconds: 0,
      });
      authority.next = [straying];
      for (const _ of [1, 2]) {
        const error = await caught(broker.acquireToken(account, HERE));
        expect(error).to.be.instanceOf(SignInRequired).with.property('reason', 'interaction');
      }
      expect(authority.used, 'not asked again').to.have.length(1);
      await broker.acquireToken(account, THERE);
      expect(authority.used).to.have.length(2);
    });

    it('are not those that were kept for the tenant before', async () => {
      await signIn(broker, { refreshToken: authority.issue(), accessToken: 'before' });
      const given = { identity: moved, askedScopes: [], refreshToken: authority.issue() };
      const account = await signIn(broker, given);
      authority.next = [straying];
      expect((await broker.acquireToken(account, HERE)).value).not.to.equal('before');
      expect(authority.used).to.have.length(1);
    });
  });
});
