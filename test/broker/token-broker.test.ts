/** The laws of the token broker, one process or several brokers on one store. */
import { expect } from 'chai';
import type { Account } from '../../src/broker/account.ts';
import type { TokenBroker } from '../../src/broker/token-broker.ts';
import { systemClock } from '../../src/clock.ts';
import { type AnyAppError, Misconfigured, SignInRequired, Unavailable } from '../../src/errors.ts';
import { createLog } from '../../src/log.ts';
import { RecordNames } from '../../src/record-names.ts';
import { openStorage } from '../../src/storage/open-storage.ts';
import type { RefreshAnswer } from '../../src/token-response.ts';
import {
  aBroker,
  anIdentity,
  CountingAuthority,
  FaultyStorage,
  newId,
  signIn,
  testKeys,
} from '../support/broker-rig.ts';
import { ERROR, type LogLines, logLines } from '../support/log-lines.ts';

const GRAPH = { scopes: ['User.Read'] };
const TODOS = { scopes: ['api://todos/Todos.Read'] };
/** A life so short that the token is past use at once, and not yet expired for longer than a test. */
const USED_UP = { expiresInSeconds: 0 };

async function failureOf(promise: Promise<unknown>): Promise<AnyAppError> {
  const error: unknown = await promise.then(
    (value) => expect.fail(`expected a failure, got ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  );
  if (error instanceof SignInRequired || error instanceof Unavailable) return error;
  if (error instanceof Misconfigured) return error;
  throw error;
}

async function until(condition: () => boolean | Promise<boolean>, ms = 3000): Promise<void> {
  const giveUpAt = performance.now() + ms;
  while (!(await condition())) {
    if (performance.now() > giveUpAt) throw new Error('waited in vain');
    await systemClock.sleep(5);
  }
}

describe('TokenBroker', () => {
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

  const signInUsedUp = (by = broker): Promise<Account> =>
    signIn(by, { refreshToken: authority.issue(), ...USED_UP });

  describe('one refresh', () => {
    it('gives the kept token without asking the authority', async () => {
      const account = await signIn(broker, {
        accessToken: 'kept',
        refreshToken: authority.issue(),
      });
      expect((await broker.acquireToken(account, GRAPH)).value).to.equal('kept');
      expect(authority.used).to.deep.equal([]);
    });

    it('refreshes once for two hundred callers who find the token used up', async () => {
      const account = await signInUsedUp();
      const before = storage.replaced;
      const tokens = await Promise.all(
        Array.from({ length: 200 }, () => broker.acquireToken(account, GRAPH)),
      );
      expect(authority.used).to.have.length(1);
      expect(new Set(tokens.map((token) => token.value)).size).to.equal(1);
      expect(storage.replaced - before, 'lease taken, token kept, lease released').to.equal(3);
    });

    it('refreshes once for callers of two brokers on one store', async () => {
      authority.mode = 'family';
      const account = await signInUsedUp();
      const other = aBroker({ storage, authority });
      const tokens = await Promise.all(
        Array.from({ length: 40 }, (_, n) => (n % 2 ? broker : other).acquireToken(account, GRAPH)),
      );
      expect(authority.used).to.have.length(1);
      expect(new Set(tokens.map((token) => token.value)).size).to.equal(1);
    });

    it('uses each refresh token once when callers want two resources', async () => {
      authority.mode = 'family';
      const account = await signInUsedUp();
      const other = aBroker({ storage, authority });
      const requests = Array.from({ length: 40 }, (_, n) => (n % 3 ? GRAPH : TODOS));
      const tokens = await Promise.all(
        requests.map((request, n) => (n % 2 ? broker : other).acquireToken(account, request)),
      );
      requests.forEach(({ scopes }, n) => {
        expect(tokens[n]?.value).to.match(new RegExp(` for ${scopes.join(' ')}$`));
      });
      expect(authority.used).to.have.length(2);
      expect(new Set(authority.used).size).to.equal(2);
    });

    it('refreshes once for callers whose token an API refused', async () => {
      const account = await signIn(broker, {
        accessToken: 'refused',
        refreshToken: authority.issue(),
      });
      const wanted = { ...GRAPH, refused: 'refused' };
      const tokens = await Promise.all(
        Array.from({ length: 20 }, () => broker.acquireToken(account, wanted)),
      );
      tokens.push(await broker.acquireToken(account, wanted));
      expect(authority.used).to.have.length(1);
      expect(tokens.map((token) => token.value)).not.to.include('refused');
    });

    it('refreshes once for a claims challenge, with its claims', async () => {
      const account = await signIn(broker, { refreshToken: authority.issue() });
      const wanted = { ...GRAPH, claims: '{"access_token":{"nbf":{"essential":true}}}' };
      await Promise.all(Array.from({ length: 20 }, () => broker.acquireToken(account, wanted)));
      await broker.acquireToken(account, wanted);
      expect(authority.asked.map((request) => request.claims)).to.deep.equal([wanted.claims]);
    });

    it('does not ask again and again for what was asked and not granted', async () => {
      const account = await signIn(broker, {
        refreshToken: authority.issue(),
        scopes: ['User.Read'],
        askedScopes: ['User.Read', 'Mail.Read'],
      });
      await broker.acquireToken(account, { scopes: ['Mail.Read'] });
      expect(authority.used).to.deep.equal([]);
    });

    it('asks for what the kept token was neither granted nor asked for', async () => {
      const account = await signIn(broker, { refreshToken: authority.issue() });
      const token = await broker.acquireToken(account, { scopes: ['Mail.Read'] });
      expect(token.value).to.match(/for Mail.Read$/);
    });
  });

  describe('the right token', () => {
    it('gives no token of another resource', async () => {
      const account = await signIn(broker, {
        accessToken: 'of graph',
        refreshToken: authority.issue(),
      });
      const token = await broker.acquireToken(account, { scopes: ['api://todos/User.Read'] });
      expect(token.value).to.match(/for api:\/\/todos\/User.Read$/);
    });

    it('discards an answer that speaks of another account', async () => {
      const account = await signInUsedUp();
      authority.next = [
        (answer) =>
          answer.kind === 'verified'
            ? { ...answer, response: { ...answer.response, identity: anIdentity('other.utid') } }
            : answer,
      ];
      expect(await failureOf(broker.acquireToken(account, GRAPH))).to.be.instanceOf(Unavailable);
      const [first] = authority.used;
      await broker.acquireToken(account, GRAPH);
      expect(authority.used).to.deep.equal([first, first]);
    });

    it('asks ever less often when answers speak of another account', async () => {
      const account = await signInUsedUp();
      authority.next = Array.from(
        { length: 20 },
        () => (answer: RefreshAnswer) =>
          answer.kind === 'verified'
            ? { ...answer, response: { ...answer.response, identity: anIdentity('other.t') } }
            : answer,
      );
      for (let i = 0; i < 20; i += 1) await failureOf(broker.acquireToken(account, GRAPH));
      expect(authority.used.length, 'Entra ID counts 15 in five minutes').to.be.below(5);
    });

    it('discards an answer with another subject of the same issuer', async () => {
      const account = await signInUsedUp();
      authority.next = [
        (answer) =>
          answer.kind === 'verified'
            ? {
                ...answer,
                response: { ...answer.response, identity: { ...anIdentity(), subject: 'other' } },
              }
            : answer,
      ];
      expect(await failureOf(broker.acquireToken(account, GRAPH))).to.be.instanceOf(Unavailable);
    });

    it('gives nothing to a session of an epoch that has passed', async () => {
      const account = await signIn(broker, { refreshToken: authority.issue() });
      const stale = { ...account, epoch: 'passed' };
      expect(await broker.describe(stale, 'session-1')).to.equal(undefined);
      const error = await failureOf(broker.acquireToken(stale, GRAPH));
      expect(error).to.include({ code: 'sign_in_required', reason: 'no-session' });
    });
  });

  describe('a refresh updates only what it read', () => {
    it('does not bring back an account that signed out meanwhile', async () => {
      const account = await signInUsedUp();
      authority.onArrival = () => broker.forget(account, 'session-1');
      const error = await failureOf(broker.acquireToken(account, GRAPH));
      expect(error).to.include({ code: 'sign_in_required', reason: 'no-session' });
      expect(await broker.describe(account, 'session-1')).to.equal(undefined);
    });

    it('does not bury a sign-in that came meanwhile', async () => {
      const account = await signInUsedUp();
      const newer = authority.issue();
      authority.onArrival = async () => {
        authority.onArrival = undefined;
        await signIn(broker, { accessToken: 'newer', refreshToken: newer });
      };
      expect((await broker.acquireToken(account, GRAPH)).value).to.equal('newer');
      await broker.acquireToken(account, TODOS);
      expect(authority.used.at(-1)).to.equal(newer);
    });

    it('keeps the refresh token in use when none comes back', async () => {
      const account = await signInUsedUp();
      authority.next = [
        (answer) =>
          answer.kind === 'verified'
            ? { ...answer, response: { ...answer.response, refreshToken: undefined } }
            : answer,
      ];
      await broker.acquireToken(account, GRAPH);
      await broker.acquireToken(account, TODOS);
      const [first] = authority.used;
      expect(authority.used).to.deep.equal([first, first]);
    });

    it('uses the refresh token that a refresh brought for the next one', async () => {
      authority.mode = 'rotating';
      const account = await signInUsedUp();
      await broker.acquireToken(account, GRAPH);
      await broker.acquireToken(account, TODOS);
      expect(new Set(authority.used).size).to.equal(2);
    });
  });

  describe('a passing fault', () => {
    for (const fault of [
      new Unavailable('The authority is away.', { retryAfterSeconds: 7 }),
      new Unavailable('No answer came.', { outcome: 'unknown' }),
      new Misconfigured('The secret has expired.'),
    ]) {
      it(`of the authority is told and changes nothing: ${fault.message}`, async () => {
        const account = await signInUsedUp();
        authority.next = [fault];
        expect(await failureOf(broker.acquireToken(account, GRAPH))).to.equal(fault);
        const later = aBroker({ storage, authority, skewMs: 61_000 });
        await later.acquireToken(account, GRAPH);
        const [first] = authority.used;
        expect(authority.used).to.deep.equal([first, first]);
      });
    }

    it('of the store is told as such, and asks nothing of the authority', async () => {
      const account = await signInUsedUp();
      storage.away = 'reads-and-writes';
      expect(await failureOf(broker.acquireToken(account, GRAPH))).to.be.instanceOf(Unavailable);
      expect(authority.used).to.deep.equal([]);
      storage.away = 'no';
      await broker.acquireToken(account, GRAPH);
      expect(authority.used).to.have.length(1);
    });

    it('leaves a missing consent to the person and the refresh token good', async () => {
      const account = await signInUsedUp();
      const consent = new SignInRequired('consent', { scopes: ['Mail.Read'] });
      authority.next = [consent];
      const wanted = { scopes: ['Mail.Read'] };
      expect(await failureOf(broker.acquireToken(account, wanted))).to.equal(consent);
      await broker.acquireToken(account, GRAPH);
      expect(authority.used).to.have.length(2);
    });

    it('is told apart from a dead refresh token, which is used no more', async () => {
      const account = await signInUsedUp();
      authority.revoke();
      for (let n = 0; n < 3; n += 1) {
        const error = await failureOf(broker.acquireToken(account, GRAPH));
        expect(error).to.include({ code: 'sign_in_required', reason: 'refresh-token-dead' });
      }
      expect(authority.used).to.have.length(1);
      expect(await broker.describe(account, 'session-1')).not.to.equal(undefined);
    });

    it('asks once more when the authority names AADSTS70000', async () => {
      const account = await signInUsedUp();
      const detail = { error: 'invalid_grant', errorCodes: [70000] };
      authority.next = [new SignInRequired('refresh-token-dead', { detail })];
      await broker.acquireToken(account, GRAPH);
      expect(authority.used).to.have.length(2);
      authority.next = [1, 2].map(() => new SignInRequired('refresh-token-dead', { detail }));
      const error = await failureOf(broker.acquireToken(account, TODOS));
      expect(error).to.include({ reason: 'refresh-token-dead' });
    });

    it('of a renewal that finds a successor ends in its use', async () => {
      const account = await signInUsedUp();
      authority.onArrival = async () => {
        authority.onArrival = undefined;
        authority.revoke();
        await signIn(broker, { refreshToken: authority.issue(), ...USED_UP });
      };
      await broker.acquireToken(account, GRAPH);
      expect(authority.used).to.have.length(2);
    });
  });

  describe('what has just failed', () => {
    const later = (seconds: number) => aBroker({ storage, authority, skewMs: seconds * 1000 });

    it('is not asked of an authority that wants quiet, by any process, until that is over', async () => {
      const account = await signInUsedUp();
      authority.next = [new Unavailable('Busy.', { retryAfterSeconds: 77 })];
      await failureOf(broker.acquireToken(account, GRAPH));
      for (const asking of [broker, later(0), later(70)]) {
        const error = await failureOf(asking.acquireToken(account, TODOS));
        expect(error).to.be.instanceOf(Unavailable);
        if (error instanceof Unavailable) expect(error.retryAfterSeconds).to.be.within(5, 77);
      }
      expect(authority.used).to.have.length(1);
      await later(78).acquireToken(account, TODOS);
      expect(authority.used).to.have.length(2);
    });

    it('is asked ever less often when it fails again and again', async () => {
      const account = await signInUsedUp();
      authority.next = Array.from({ length: 40 }, () => new Unavailable('Away.'));
      for (let second = 0; second < 300; second += 10) {
        await failureOf(later(second).acquireToken(account, GRAPH));
      }
      expect(authority.used.length, 'Entra ID counts 15 in five minutes').to.be.within(5, 14);
      authority.next = [];
      await later(400).acquireToken(account, GRAPH);
      authority.next = [new Unavailable('Away.')];
      await failureOf(later(400).acquireToken(account, TODOS));
      await later(400).acquireToken(account, TODOS);
    });

    for (const failure of [
      new SignInRequired('consent', { scopes: ['Mail.Read'] }),
      new SignInRequired('interaction', { claims: '{"access_token":{}}' }),
      new Misconfigured('The secret has expired.'),
    ]) {
      it(`is answered from memory for a while: ${failure.code}, ${failure.message}`, async () => {
        const account = await signInUsedUp();
        const wanted = { scopes: ['Mail.Read'] };
        authority.next = [failure];
        for (let n = 0; n < 5; n += 1) {
          const error = await failureOf(broker.acquireToken(account, wanted));
          expect(error.code).to.equal(failure.code);
          if (failure instanceof SignInRequired) {
            expect(error).to.include({ reason: failure.reason, claims: failure.claims });
          }
        }
        expect(authority.used).to.have.length(1);
        await broker.acquireToken(account, GRAPH);
        await later(61).acquireToken(account, wanted);
        expect(authority.used).to.have.length(3);
      });
    }

    it('is forgotten with a new sign-in', async () => {
      const account = await signInUsedUp();
      authority.next = [new SignInRequired('consent', { scopes: ['Mail.Read'] })];
      await failureOf(broker.acquireToken(account, { scopes: ['Mail.Read'] }));
      await signIn(broker, { refreshToken: authority.issue() });
      await broker.acquireToken(account, { scopes: ['Mail.Read'] });
      expect(authority.used).to.have.length(2);
    });

    it('is not renewed again for an API that refuses the new token too', async () => {
      const account = await signIn(broker, {
        accessToken: 'first',
        refreshToken: authority.issue(),
      });
      const { value: second } = await broker.acquireToken(account, { ...GRAPH, refused: 'first' });
      const again = await broker.acquireToken(account, { ...GRAPH, refused: second });
      expect(again.value).to.equal(second);
      expect(authority.used).to.have.length(1);
      await later(61).acquireToken(account, { ...GRAPH, refused: second });
      expect(authority.used).to.have.length(2);
    });
  });

  describe('the log', () => {
    let lines: LogLines;
    beforeEach(() => {
      lines = logLines();
    });
    const telling = () => aBroker({ storage, authority, log: lines.log });

    it('names a dead refresh token once, however many asked', async () => {
      const account = await signInUsedUp();
      authority.revoke();
      const asking = telling();
      const asked = Array.from({ length: 10 }, () =>
        failureOf(asking.acquireToken(account, GRAPH)),
      );
      await Promise.all(asked);
      expect(lines.of('refresh_failed')).to.have.length(1);
      expect(lines.text()).to.include('invalid_grant').and.not.include('refresh-token-');
    });

    it('tells a refresh that failed from one that may have been done', async () => {
      const account = await signInUsedUp();
      const asking = telling();
      for (const outcome of ['not-done', 'unknown'] as const) {
        authority.next = [new Unavailable('No answer.', { outcome })];
        await failureOf(asking.acquireToken(account, GRAPH));
      }
      expect(lines.of('refresh_failed').map((line) => line['outcome'])).to.deep.equal([
        'not-done',
        'unknown',
      ]);
    });

    it('names a bug of ours in a renewal that nobody waits for', async () => {
      const refreshToken = authority.issue();
      const account = await signIn(broker, {
        accessToken: 'kept',
        refreshToken,
        refreshInSeconds: 0,
      });
      authority.next = [new RangeError('a bug')];
      const asking = telling();
      expect((await asking.acquireToken(account, GRAPH)).value).to.equal('kept');
      await until(() => lines.of('refresh_broke').length === 1);
    });
  });

  describe('a refused token', () => {
    it('is answered by one got after it, never by another that is older', async () => {
      const account = await signIn(broker, {
        accessToken: 'older',
        refreshToken: authority.issue(),
      });
      await systemClock.sleep(5);
      await signIn(broker, {
        accessToken: 'newer',
        refreshToken: authority.issue(),
        scopes: ['User.Read', 'Mail.Read'],
        askedScopes: ['Mail.Read'],
      });
      expect((await broker.acquireToken(account, GRAPH)).value).to.equal('newer');
      const renewed = await broker.acquireToken(account, { ...GRAPH, refused: 'newer' });
      expect(authority.used).to.have.length(1);
      expect((await broker.acquireToken(account, GRAPH)).value).to.equal(renewed.value);
      const mail = await broker.acquireToken(account, { scopes: ['Mail.Read'] });
      expect(mail.value, 'the refused one is kept no longer').not.to.equal('newer');
    });

    it('is renewed once, whatever the claims of each challenge', async () => {
      const account = await signIn(broker, {
        accessToken: 'revoked',
        refreshToken: authority.issue(),
      });
      await systemClock.sleep(5);
      const values = await Promise.all(
        Array.from({ length: 20 }, async (_, n) => {
          const claims = `{"access_token":{"nbf":{"essential":true,"value":"${n}"}}}`;
          return (await broker.acquireToken(account, { ...GRAPH, refused: 'revoked', claims }))
            .value;
        }),
      );
      expect(new Set(values).size).to.equal(1);
      expect(authority.used).to.have.length(1);
    });
  });

  describe('a valid token', () => {
    it('is given while it is renewed in the background once past its time', async () => {
      const account = await signIn(broker, {
        accessToken: 'kept',
        refreshToken: authority.issue(),
        refreshInSeconds: 0,
      });
      authority.latencyMs = 50;
      const tokens = await Promise.all(
        Array.from({ length: 20 }, () => broker.acquireToken(account, GRAPH)),
      );
      expect(new Set(tokens.map((token) => token.value))).to.deep.equal(new Set(['kept']));
      await until(async () => (await broker.acquireToken(account, GRAPH)).value !== 'kept');
      expect(authority.used).to.have.length(1);
    });

    it('is not given when it would expire in its user’s hands', async () => {
      const refreshToken = authority.issue();
      const skewed = aBroker({ storage, authority, skewMs: 3_600_000 - 200_000 });
      const account = await signIn(broker, { accessToken: 'kept', refreshToken });
      expect((await skewed.acquireToken(account, GRAPH)).value).not.to.equal('kept');
    });

    it('is given near its end while the authority is away, and not once it has expired', async () => {
      const account = await signIn(broker, {
        accessToken: 'kept',
        refreshToken: authority.issue(),
      });
      const away = () => new Unavailable('The authority is away.');
      const nearEnd = aBroker({ storage, authority, skewMs: 3_600_000 - 60_000 });
      authority.next = [away()];
      expect((await nearEnd.acquireToken(account, GRAPH)).value).to.equal('kept');
      const tooLate = aBroker({ storage, authority, skewMs: 3_600_000 - 20_000 });
      authority.next = [away()];
      expect(await failureOf(tooLate.acquireToken(account, GRAPH))).to.be.instanceOf(Unavailable);
    });

    for (const failure of [
      new Misconfigured('The secret has expired.'),
      new SignInRequired('interaction'),
      new SignInRequired('refresh-token-dead'),
    ]) {
      it(`is given near its end whatever the authority says: ${failure.code}`, async () => {
        const account = await signIn(broker, {
          accessToken: 'kept',
          refreshToken: authority.issue(),
        });
        const nearEnd = aBroker({ storage, authority, skewMs: 3_600_000 - 60_000 });
        authority.next = [failure];
        for (let n = 0; n < 2; n += 1) {
          expect((await nearEnd.acquireToken(account, GRAPH)).value).to.equal('kept');
        }
      });
    }

    it('is given near its end rather than after a long wait for its successor', async () => {
      const account = await signIn(broker, {
        accessToken: 'kept',
        refreshToken: authority.issue(),
      });
      authority.latencyMs = 300;
      const skewMs = 3_600_000 - 60_000;
      const nearEnd = aBroker({ storage, authority, skewMs, callerWaitMs: 50 });
      expect((await nearEnd.acquireToken(account, GRAPH)).value).to.equal('kept');
      await nearEnd.close(2000);
      expect((await nearEnd.acquireToken(account, GRAPH)).value).not.to.equal('kept');
    });

    it('of long life is given rather than a newer one near its end', async () => {
      const refreshToken = authority.issue();
      await signIn(broker, { accessToken: 'long', refreshToken, expiresInSeconds: 36_000 });
      await systemClock.sleep(5);
      const account = await signIn(broker, {
        accessToken: 'short',
        refreshToken,
        scopes: ['User.Read', 'Mail.Read'],
        askedScopes: ['Mail.Read'],
        expiresInSeconds: 600,
      });
      expect((await broker.acquireToken(account, GRAPH)).value).to.equal('short');
      const nearEnd = aBroker({ storage, authority, skewMs: 540_000 });
      expect((await nearEnd.acquireToken(account, GRAPH)).value).to.equal('long');
      expect(authority.used).to.deep.equal([]);
    });

    it('serves until it expires when there is no refresh token at all', async () => {
      const account = await signIn(broker, { accessToken: 'kept', refreshInSeconds: 0 });
      const before = storage.replaced;
      expect((await broker.acquireToken(account, GRAPH)).value).to.equal('kept');
      await broker.close(1000);
      expect(storage.replaced, 'nobody takes the lease for nothing').to.equal(before);
      const error = await failureOf(broker.acquireToken(account, TODOS));
      expect(error).to.include({ code: 'sign_in_required', reason: 'refresh-token-dead' });
    });
  });

  describe('nothing fresh is lost', () => {
    it('serves a token that the store did not take, and writes it when the store is back', async () => {
      authority.mode = 'family';
      const account = await signInUsedUp();
      authority.onArrival = async () => {
        storage.away = 'writes';
      };
      const token = await broker.acquireToken(account, GRAPH);
      authority.onArrival = undefined;
      storage.away = 'no';
      const before = storage.replaced;
      await until(() => storage.replaced > before);
      const other = aBroker({ storage, authority });
      expect((await other.acquireToken(account, GRAPH)).value).to.equal(token.value);
      expect(authority.used).to.have.length(1);
    });

    it('writes what waits before the account is refreshed again', async () => {
      authority.mode = 'family';
      const account = await signInUsedUp();
      authority.onArrival = async () => {
        storage.away = 'writes';
      };
      await broker.acquireToken(account, GRAPH);
      authority.onArrival = undefined;
      expect(await failureOf(broker.acquireToken(account, TODOS))).to.be.instanceOf(Unavailable);
      storage.away = 'no';
      await broker.acquireToken(account, TODOS);
      expect(new Set(authority.used).size).to.equal(2);
    });

    it('writes what waits for one account though another’s can never be written', async () => {
      const accounts = [
        await signIn(broker, {
          identity: anIdentity('a.t'),
          refreshToken: authority.issue(),
          ...USED_UP,
        }),
        await signIn(broker, {
          identity: anIdentity('b.t'),
          refreshToken: authority.issue(),
          ...USED_UP,
        }),
      ] as const;
      authority.onArrival = async () => {
        storage.away = 'writes';
      };
      for (const account of accounts) {
        await broker.acquireToken(account, GRAPH);
        storage.away = 'no';
        await systemClock.sleep(0);
      }
      expect(authority.used).to.have.length(2);
      const names = new RecordNames({ instanceName: 'test', indexKey: testKeys.indexKey });
      await storage.set(names.forAccount('a.t', 'account'), '1.00000000.sealed-elsewhere', 60_000);
      const before = storage.replaced;
      await until(() => storage.replaced > before);
      const other = aBroker({ storage, authority });
      await other.acquireToken(accounts[1], GRAPH);
      expect(authority.used).to.have.length(2);
    });

    it('writes no older token over a newer one', async () => {
      const account = await signInUsedUp();
      const cut = new FaultyStorage(storage);
      const late = aBroker({ storage: cut, authority, lease: { takeoverMs: 50 } });
      authority.onArrival = async () => {
        cut.away = 'writes';
      };
      await late.acquireToken(account, GRAPH);
      authority.onArrival = undefined;
      await systemClock.sleep(5);
      const other = aBroker({ storage, authority, lease: { takeoverMs: 50 } });
      const newer = await other.acquireToken(account, GRAPH);
      cut.away = 'no';
      await late.close(2000);
      expect((await other.acquireToken(account, GRAPH)).value).to.equal(newer.value);
      expect(authority.used).to.have.length(2);
    });

    it('follows a refresh token that a sign-in without one took over', async () => {
      authority.mode = 'family';
      const account = await signInUsedUp();
      authority.onArrival = async () => {
        authority.onArrival = undefined;
        await signIn(broker, { askedScopes: [] });
      };
      await broker.acquireToken(account, GRAPH);
      await broker.acquireToken(account, TODOS);
      expect(new Set(authority.used).size).to.equal(authority.used.length);
    });

    for (const mode of ['reusable', 'rotating', 'family'] as const) {
      it(`is waited for by other processes while it is not written yet (${mode})`, async () => {
        authority.mode = mode;
        const account = await signInUsedUp();
        const refusing = new FaultyStorage(storage);
        let refusals = 1;
        const replace = refusing.replace;
        refusing.replace = async (name, ...change) => {
          if (!name.endsWith(':account') || refusals === 0) return await replace(name, ...change);
          refusals -= 1;
          throw new Unavailable('The store is full.');
        };
        const first = aBroker({ storage: refusing, authority });
        const { value } = await first.acquireToken(account, GRAPH);
        expect(refusals).to.equal(0);
        expect((await broker.acquireToken(account, GRAPH)).value).to.equal(value);
        expect(authority.used).to.have.length(1);
        await broker.acquireToken(account, TODOS);
        expect(new Set(authority.used).size).to.equal(2);
        await first.close(1000);
      });
    }

    it('and could not be written before the end is given up aloud, with its lease', async () => {
      const lines = logLines();
      const account = await signInUsedUp();
      const ending = aBroker({ storage, authority, log: lines.log });
      authority.onArrival = async () => {
        storage.away = 'writes';
      };
      await ending.acquireToken(account, GRAPH);
      await ending.close(200);
      expect(lines.of('outbox_lost')).to.have.length(1);
      storage.away = 'no';
      authority.onArrival = undefined;
      const next = aBroker({ storage, authority, lease: { takeoverMs: 100 } });
      await next.acquireToken(account, GRAPH);
    });

    it('is named in the log when the site stops before it has come', async () => {
      const lines = logLines();
      const account = await signInUsedUp();
      const ending = aBroker({ storage, authority, log: lines.log });
      authority.latencyMs = 400;
      const asked = ending.acquireToken(account, GRAPH);
      await systemClock.sleep(50);
      await ending.close(100);
      expect(lines.of('refresh_abandoned')[0]).to.include({ level: ERROR, count: 1 });
      await asked;
      await ending.close(100);
      expect(lines.of('refresh_abandoned')).to.have.length(1);
    });

    it('drains what waits when it is closed', async () => {
      authority.mode = 'family';
      const account = await signInUsedUp();
      authority.onArrival = async () => {
        storage.away = 'writes';
      };
      const token = await broker.acquireToken(account, GRAPH);
      storage.away = 'no';
      const before = storage.replaced;
      await broker.close(2000);
      expect(storage.replaced - before, 'the token, and its lease').to.be.within(1, 2);
      const other = aBroker({ storage, authority });
      expect((await other.acquireToken(account, GRAPH)).value).to.equal(token.value);
    });

    it('keeps the refresh token of an answer that cannot be checked yet, and nothing else of it', async () => {
      authority.mode = 'family';
      const account = await signInUsedUp();
      const cause = new Unavailable('The signing key is not known yet.');
      authority.next = [
        (answer) =>
          answer.kind === 'verified'
            ? {
                kind: 'unverified',
                refreshToken: answer.response.refreshToken,
                accountId: 'uid.utid',
                cause,
              }
            : answer,
      ];
      expect(await failureOf(broker.acquireToken(account, GRAPH))).to.equal(cause);
      await broker.acquireToken(account, GRAPH);
      expect(new Set(authority.used).size).to.equal(2);
    });

    it('asks ever less often for answers that cannot be checked', async () => {
      const account = await signInUsedUp();
      const cause = new Unavailable('An unknown key.', { retryAfterSeconds: 60 });
      for (const refreshToken of [undefined, authority.issue()]) {
        authority.next = Array.from({ length: 20 }, () => () => ({
          kind: 'unverified' as const,
          refreshToken,
          accountId: account.id,
          cause,
        }));
        authority.used.length = 0;
        for (let i = 0; i < 20; i += 1) await failureOf(broker.acquireToken(account, GRAPH));
        expect(authority.used.length, 'Entra ID counts 15 in five minutes').to.be.below(5);
        const later = aBroker({ storage, authority, skewMs: 600_000 });
        authority.next = [];
        await later.acquireToken(account, GRAPH);
        await broker.revoke(account.id);
        Object.assign(account, await signInUsedUp());
      }
    });

    it('keeps nothing of an unchecked answer that names another account', async () => {
      const account = await signInUsedUp();
      authority.next = [
        () => ({
          kind: 'unverified',
          refreshToken: 'of another',
          accountId: 'other.utid',
          cause: new Unavailable('The signing key is not known yet.'),
        }),
      ];
      await failureOf(broker.acquireToken(account, GRAPH));
      await broker.acquireToken(account, GRAPH);
      expect(authority.used).not.to.include('of another');
    });

    it('goes on with a refresh when its callers have given up', async () => {
      const hurried = aBroker({ storage, authority, callerWaitMs: 10 });
      const account = await signInUsedUp();
      authority.latencyMs = 100;
      expect(await failureOf(hurried.acquireToken(account, GRAPH))).to.be.instanceOf(Unavailable);
      await hurried.close(1000);
      await broker.acquireToken(account, GRAPH);
      expect(authority.used).to.have.length(1);
    });
  });

  it('gives what another process got when its own request failed meanwhile', async () => {
    const account = await signInUsedUp();
    const other = aBroker({ storage, authority });
    authority.onArrival = async () => {
      authority.onArrival = undefined;
      await signIn(other, { accessToken: 'from elsewhere', refreshToken: authority.issue() });
    };
    authority.next = [new Unavailable('No answer.', { outcome: 'unknown' })];
    expect((await broker.acquireToken(account, GRAPH)).value).to.equal('from elsewhere');
  });

  describe('a holder of the lease that falls silent', () => {
    const HURRY = { beatMs: 20, takeoverMs: 100, sendWindowMs: 60 };
    /** Never beats, as a process that is stopped. */
    const SILENT = { ...HURRY, beatMs: 60_000, sendWindowMs: 60_000 };

    /** A flight of a silent broker whose answer has been given, but does not reach it until `release`. */
    async function aSilentFlight(account: Account) {
      const { promise: answered, resolve: release } = Promise.withResolvers<void>();
      const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>();
      const refresh: CountingAuthority['refresh'] = async (request) => {
        const answer = await authority.refresh(request);
        arrive();
        await answered;
        return answer;
      };
      const silent = aBroker({ storage, authority: { refresh }, lease: SILENT });
      const flight = silent.acquireToken(account, GRAPH);
      await arrived;
      return { flight, release };
    }

    it('before it sends does not send, and starts over', async () => {
      const hurried = aBroker({ storage, authority, lease: HURRY });
      const account = await signInUsedUp();
      let preparations = 0;
      authority.onPreparation = async () => {
        preparations += 1;
        if (preparations > 1) return;
        storage.away = 'writes';
        await systemClock.sleep(90);
        storage.away = 'no';
      };
      await hurried.acquireToken(account, GRAPH);
      expect(preparations).to.equal(2);
      expect(authority.used).to.have.length(1);
    });

    it('after a single-use token was spent leads its successor to what it got', async () => {
      authority.mode = 'rotating';
      const account = await signInUsedUp();
      const { flight, release } = await aSilentFlight(account);
      const other = aBroker({
        storage,
        authority,
        lease: HURRY,
        sleep: async (ms) => {
          if (ms < 5000) return await systemClock.sleep(ms);
          release();
          await flight;
        },
      });
      const token = await other.acquireToken(account, GRAPH);
      expect(token.value).to.equal((await flight).value);
      expect(authority.used).to.have.length(2);
    });

    it('is waited for by its successor even if that one asks twice (AADSTS70000)', async () => {
      authority.mode = 'rotating';
      const account = await signInUsedUp();
      const waits: number[] = [];
      const sleep = async (ms: number) => {
        waits.push(ms);
        await systemClock.sleep(ms < 1000 ? ms : 0);
      };
      const names = new RecordNames({ instanceName: 'test', indexKey: testKeys.indexKey });
      await storage.set(names.forAccount(account.id, 'lease'), 'a-silent-process.1.7', 60_000);
      const dead = { detail: { error: 'invalid_grant', errorCodes: [70000] } };
      authority.next = [
        new SignInRequired('refresh-token-dead', dead),
        new SignInRequired('refresh-token-dead', dead),
      ];
      const successor = aBroker({ storage, authority, sleep, lease: { takeoverMs: 50 } });
      await failureOf(successor.acquireToken(account, GRAPH));
      expect(waits.filter((ms) => ms === 5000)).to.have.length(1);
    });

    it('for longer than its successor waits revives the account when it comes back', async () => {
      authority.mode = 'rotating';
      const account = await signInUsedUp();
      const { flight, release } = await aSilentFlight(account);
      const other = aBroker({
        storage,
        authority,
        lease: HURRY,
        sleep: (ms) => systemClock.sleep(ms < 5000 ? ms : 0),
      });
      const error = await failureOf(other.acquireToken(account, GRAPH));
      expect(error).to.include({ reason: 'refresh-token-dead' });
      release();
      const { value } = await flight;
      expect((await other.acquireToken(account, GRAPH)).value).to.equal(value);
      await other.acquireToken(account, TODOS);
      expect(authority.used).to.have.length(3);
    });

    it('adds its access token and leaves its successor’s refresh token in place', async () => {
      const account = await signInUsedUp();
      const { flight, release } = await aSilentFlight(account);
      let brought: string | undefined;
      authority.next = [
        (answer) => {
          if (answer.kind === 'verified') brought = answer.response.refreshToken;
          return answer;
        },
      ];
      const other = aBroker({ storage, authority, lease: HURRY });
      await other.acquireToken(account, TODOS);
      release();
      const { value } = await flight;
      expect((await other.acquireToken(account, GRAPH)).value).to.equal(value);
      await other.acquireToken(account, { scopes: ['Mail.Read'] });
      expect(authority.used.at(-1)).to.equal(brought);
    });
  });

  describe('keep and forget', () => {
    it('keeps the sessions of both browsers, and the account until the last signs out', async () => {
      const account = await signIn(broker, {
        sessionId: 'laptop',
        refreshToken: authority.issue(),
      });
      const same = await signIn(broker, { sessionId: 'phone', refreshToken: authority.issue() });
      expect(same).to.deep.equal(account);
      await broker.forget(account, 'laptop');
      expect(await broker.describe(account, 'laptop')).to.equal(undefined);
      const details = await broker.describe(account, 'phone');
      expect(details).to.have.nested.property('identity.name', 'Ada Example');
      await broker.forget(account, 'phone');
      expect(await broker.describe(account, 'phone')).to.equal(undefined);
    });

    it('keeps the fifty sessions of an account that signed in last', async () => {
      const account = await signIn(broker, { sessionId: 'first' });
      for (let n = 0; n < 49; n += 1) await signIn(broker, { sessionId: `session-${n}` });
      expect(await broker.describe(account, 'first')).not.to.equal(undefined);
      await signIn(broker, { sessionId: 'one more' });
      expect(await broker.describe(account, 'first')).to.equal(undefined);
      expect(await broker.describe(account, 'one more')).not.to.equal(undefined);
    });

    it('gives a returning account a new epoch once it was forgotten', async () => {
      const account = await signIn(broker);
      await broker.forget(account, 'session-1');
      const again = await signIn(broker);
      expect(again.id).to.equal(account.id);
      expect(again.epoch).not.to.equal(account.epoch);
      await broker.forget(account, 'session-1');
      expect(await broker.describe(again, 'session-1')).not.to.equal(undefined);
    });

    it('takes the place of a record that cannot be opened here', async () => {
      const names = new RecordNames({ instanceName: 'test', indexKey: testKeys.indexKey });
      const name = names.forAccount(anIdentity().accountId, 'account');
      await storage.set(name, '1.00000000.sealed-elsewhere', 60_000);
      const account = await signIn(broker, { accessToken: 'kept' });
      expect((await broker.acquireToken(account, GRAPH)).value).to.equal('kept');
    });

    it('loses neither of two sign-ins of one account at the same moment', async () => {
      const accounts = await Promise.all(
        ['a', 'b', 'c', 'd'].map((sessionId) => signIn(broker, { sessionId })),
      );
      expect(new Set(accounts.map((account) => account.epoch)).size).to.equal(1);
      const [account] = accounts;
      if (!account) throw new Error('no account');
      for (const id of ['a', 'b', 'c']) await broker.forget(account, id);
      expect(await broker.describe(account, 'd')).not.to.equal(undefined);
    });

    it('keeps what a process got whose clock is behind another’s', async () => {
      const ahead = aBroker({ storage, authority, skewMs: 120_000 });
      const behind = aBroker({ storage, authority, skewMs: -120_000 });
      const account = await signIn(ahead, { refreshToken: authority.issue() });
      const challenged = { ...GRAPH, claims: '{"access_token":{"nbf":{}}}' };
      for (let i = 0; i < 5; i += 1) await behind.acquireToken(account, challenged);
      expect(authority.used).to.have.length(1);
      for (let n = 0; n < 20; n += 1) {
        await ahead.acquireToken(account, { scopes: [`api://${n}/Read`] });
      }
      authority.used.length = 0;
      for (let i = 0; i < 5; i += 1) await behind.acquireToken(account, TODOS);
      expect(authority.used, 'the newest is not the first to make room').to.have.length(1);
    });

    it('keeps the twenty newest of an account’s tokens', async () => {
      const account = await signIn(broker, { refreshToken: authority.issue() });
      for (let n = 0; n < 25; n += 1) {
        await broker.acquireToken(account, { scopes: [`api://api-${n}/Read`] });
      }
      await broker.acquireToken(account, { scopes: ['api://api-24/Read'] });
      expect(authority.used).to.have.length(25);
      await broker.acquireToken(account, { scopes: ['api://api-0/Read'] });
      expect(authority.used).to.have.length(26);
    });

    it('says that the store is away, and half-keeps nothing', async () => {
      storage.away = 'writes';
      expect(await failureOf(signIn(broker))).to.be.instanceOf(Unavailable);
      storage.away = 'no';
      expect(await broker.describe({ id: 'uid.utid', epoch: newId() }, 'session-1')).to.equal(
        undefined,
      );
    });
  });
});
