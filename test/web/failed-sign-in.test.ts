/** What the audit log and the site's hook are told of a sign-in that failed, and what they are not. */
import { expect } from 'chai';
import { z } from 'zod';
import { documentedEvents } from '../../src/audit-events.ts';
import {
  ApiFailed,
  Forbidden,
  Misconfigured,
  SignInFailed,
  SignInRequired,
  Unavailable,
} from '../../src/errors.ts';
import type { FailedSignIn } from '../../src/hooks.ts';
import { ADA, aWeb, BOB, needsConsent, type Web } from './a-web.ts';

const lineSchema = z.looseObject({ audit: z.boolean().optional(), event: z.string() });
const detail = { error: 'invalid_grant', errorCodes: [70_000], traceId: 'trace' };

describe('A sign-in that failed', () => {
  let web: Web;
  const told: FailedSignIn[] = [];
  beforeEach(async () => {
    told.length = 0;
    web = await aWeb({ hooks: { onSignInFailed: (failure) => told.push(failure) } });
  });
  afterEach(() => web.close());

  const events = () =>
    web
      .log()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => lineSchema.parse(JSON.parse(line)))
      .filter(({ audit, event }) => audit === true && event === 'sign_in_failed');

  for (const [error, expected] of [
    [new SignInFailed('bad-answer', 'no', { detail }), { reason: 'bad-answer' }],
    [new SignInFailed('declined', 'no', { detail }), { reason: 'declined' }],
    [new SignInFailed('refused-by-authority', 'no'), { reason: 'refused-by-authority' }],
    [new SignInFailed('refused-by-site', 'no'), { reason: 'refused-by-site' }],
    [new SignInFailed('tenant-not-allowed', 'no'), { reason: 'tenant-not-allowed' }],
    [new Unavailable('busy', { detail }), { reason: 'unavailable' }],
    [new Misconfigured('ours', { detail }), { reason: 'misconfigured' }],
    [new Forbidden('no'), { reason: 'forbidden' }],
    [new ApiFailed('no'), { reason: 'api_failed' }],
    [new TypeError('a bug'), { reason: 'internal_error' }],
  ] as const) {
    it(`at redemption with ${error.name} is told once, as ${expected.reason}`, async () => {
      web.authority.fault.redeemCode = error;
      const answer = await web.aBrowser().signIn();
      expect(answer.status).to.be.at.least(400);
      const [event, ...more] = events();
      expect(more).to.deep.equal([]);
      expect(event).to.include({
        ...expected,
        ...{ level: 30, address: '127.0.0.1' },
        correlationId: answer.headers['x-correlation-id'],
      });
      const hasDetail = 'detail' in error && error.detail === detail;
      expect(event?.['error']).to.equal(hasDetail ? 'invalid_grant' : undefined);
      expect(event?.['errorCodes']).to.deep.equal(hasDetail ? [70_000] : undefined);
      expect(event).not.to.have.any.keys('session', 'account', 'traceId', 'path', 'problem');
      const ofTheLine = ['time', 'level', 'audit', 'event'];
      const facts = Object.entries(event ?? {}).filter(([name]) => !ofTheLine.includes(name));
      expect(told).to.deep.equal([Object.fromEntries(facts)]);
    });
  }

  it('of which nothing is known here is told, too', async () => {
    await web.aBrowser().open('/signin-oidc?code=code-SECRET&state=never-begun');
    const path = await web.aBrowser().begin();
    await web.aBrowser().open(path);
    expect(events().map(({ reason }) => reason)).to.deep.equal([
      'transaction-missing',
      'wrong-browser',
    ]);
  });

  it('names the session that was there', async () => {
    const browser = web.aBrowser();
    await browser.signIn();
    web.authority.fault.redeemCode = new SignInFailed('bad-answer', 'no');
    await browser.signIn();
    const [{ sessionId = '' } = {}] = web.broker.kept;
    expect(sessionId).to.match(/^[0-9a-f]{64}$/);
    expect(events()[0]?.['session']).to.equal(sessionId.slice(0, 12));
  });

  it('with another account than is meant names both', async () => {
    const browser = web.aBrowser();
    await browser.signIn();
    web.apiClient.onJson = () => {
      throw needsConsent('Mail.Read');
    };
    const path = await browser.begin('/mail');
    web.authority.identity = BOB;
    await browser.open(path, { 'sec-fetch-site': 'cross-site' });
    expect(events()).to.have.length(1);
    expect(events()[0]).to.include({
      ...{ reason: 'other-account', expectedAccount: 'ada.tenant' },
      ...{ account: 'bob.tenant', tenantId: 'tenant' },
    });
  });

  it('has every documented field, and no other', async () => {
    const browser = web.aBrowser();
    await browser.signIn();
    web.apiClient.onJson = () => {
      throw needsConsent('Mail.Read');
    };
    const path = await browser.begin('/mail');
    web.broker.fault = new Unavailable('The store is away.', { detail });
    await browser.open(path, { 'sec-fetch-site': 'cross-site' });
    const { fields } = documentedEvents.sign_in_failed;
    const ofTheLine = ['time', 'level', 'audit', 'event'];
    expect(events()[0]).to.have.all.keys(...ofTheLine, ...Object.keys(fields));
  });

  it('is not what a failure elsewhere is, or a sign-in that may still be completed', async () => {
    const browser = web.aBrowser();
    await browser.signIn();
    web.apiClient.onJson = () => {
      throw new Unavailable('Graph is away.');
    };
    expect((await browser.open('/profile')).status).to.equal(503);
    expect((await browser.open('/nothing')).status).to.equal(404);
    expect((await browser.fetch('/signin-oidc', { method: 'DELETE' })).status).to.equal(405);
    web.authority.fault.requestCode = new Unavailable('The authority is away.');
    expect((await browser.open('/sign-in')).status).to.equal(503);
    for (let n = 0; n < 65; n += 1) await browser.open('/sign-in');
    expect((await browser.open('/signin-oidc?code=1&state=2')).status).to.equal(429);
    expect(events()).to.deep.equal([]);
    expect(told).to.deep.equal([]);
  });

  it('at which the authority wants more of the person is only told if the person is not led on', async () => {
    web.authority.fault.redeemCode = new SignInRequired('interaction', { claims: '{"a":1}' });
    expect((await web.aBrowser().signIn()).status).to.equal(302);
    expect(events()).to.deep.equal([]);
  });

  it('tells no secret, no name and no address of mail', async () => {
    const browser = web.aBrowser();
    await browser.signIn();
    const cause = new Error('invalid_grant for refresh-token-SECRET of ada@contoso.example');
    const errors = [
      new SignInFailed('bad-answer', 'message-SECRET', { cause, detail }),
      new Unavailable('message-SECRET', { cause }),
      new TypeError('message-SECRET'),
    ];
    const secrets = ['SECRET', 'state-', 'verifier-', 'nonce-', ADA.username, ADA.name, 'opaque'];
    for (const error of errors) {
      web.authority.fault.redeemCode = error;
      const path = await browser.begin('/sign-in?returnTo=%2Fmail%3Fq%3Dquery-SECRET');
      await browser.open(`${path}&session_state=query-SECRET&error_description=query-SECRET`);
      secrets.push(new URL(path, 'http://a').searchParams.get('state') ?? 'none');
    }
    secrets.push(...browser.jar.values());
    expect(events()).to.have.length(3);
    const shown = JSON.stringify([events(), told]);
    for (const secret of secrets) {
      expect(secret).not.to.equal('');
      expect(shown).not.to.include(secret);
    }
  });

  it('tells an address and nothing else that a proxy wrote', async () => {
    await web.close();
    web = await aWeb({ trustProxy: true });
    for (const [sent, address] of [
      ['198.51.100.9', '198.51.100.9'],
      ['[2001:db8::9]:4711', '2001:db8::9'],
      [`x@evil.example ${'x'.repeat(5000)}`, '127.0.0.1'],
    ] as const) {
      await web.aBrowser().open('/signin-oidc?state=1', { 'x-forwarded-for': sent });
      expect(events().at(-1)?.['address']).to.equal(address);
    }
  });

  it('holds nobody up while the hook hangs, and hides nothing when it throws', async () => {
    await web.close();
    const { promise: hangs, resolve: end } = Promise.withResolvers<void>();
    const calls: FailedSignIn[] = [];
    web = await aWeb({
      hooks: {
        onSignInFailed: async (failure) => {
          calls.push(failure);
          if (calls.length === 1) await hangs;
          else throw new Error('broken hook');
        },
      },
    });
    const first = await web.aBrowser().open('/signin-oidc?state=1');
    const second = await web.aBrowser().open('/signin-oidc?state=1');
    expect([first.status, second.status]).to.deep.equal([400, 400]);
    expect(first.text).to.include('You were not signed in');
    expect(calls).to.have.length(2);
    expect(web.log()).to.include('"event":"hook_failed","hook":"onSignInFailed"');
    end();
  });
});
