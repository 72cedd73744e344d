/** A site's hooks as they are run: real modules, within their time, and never half a sign-in. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { type AnyAppError, Misconfigured, SignInFailed, Unavailable } from '../../src/errors.ts';
import { loadHooks } from '../../src/load-hooks.ts';
import { errorAnswer } from '../../src/web/error-answer.ts';
import { SiteHooks } from '../../src/web/site-hooks.ts';
import { caught } from '../support/caught.ts';
import { ERROR, type LogLines, logLines } from '../support/log-lines.ts';
import { aFolder } from '../support/site-process.ts';
import { ADA, aWeb, type Web } from './a-web.ts';

const SHORT_MS = 40;
const LONG_MS = 60_000;

async function hooksOf(text: string) {
  const path = join(aFolder(), 'hooks.ts');
  writeFileSync(path, text);
  return await loadHooks(path);
}

describe('SiteHooks', () => {
  let lines: LogLines;
  beforeEach(() => {
    lines = logLines();
  });

  const running = async (text: string, limitMs = LONG_MS) =>
    new SiteHooks({ hooks: await hooksOf(text), log: lines.log, limitMs });
  const failureOf = async (text: string, limitMs?: number): Promise<AnyAppError> => {
    const hooks = await running(text, limitMs);
    const error = await caught(hooks.signIn(ADA, { tid: 'tenant' }));
    if (error instanceof SignInFailed || error instanceof Unavailable) return error;
    if (error instanceof Misconfigured) return error;
    throw error;
  };

  describe('at a sign-in', () => {
    for (const [what, body, roles] of [
      ['nothing', '', []],
      ['nothing later', 'await undefined;', []],
      ['roles', "return { roles: ['reader', 'author'] };", ['reader', 'author']],
      ['no roles', 'return { roles: [] };', []],
    ] as const) {
      it(`lets in who is answered for with ${what}`, async () => {
        const hooks = await running(`export async function onSignIn() { ${body} }`);
        expect(await hooks.signIn(ADA, {})).to.deep.equal({ roles });
        expect(lines.text()).to.equal('');
      });
    }

    it('lets everyone in without a hook', async () => {
      const hooks = await running('export function onSignOut() {}');
      expect(await hooks.signIn(ADA, {})).to.deep.equal({ roles: [] });
    });

    it('shows the hook who it is and a copy of all claims, and nothing else', async () => {
      const hooks = await running(`
        export function onSignIn(account, claims) {
          const roles = [JSON.stringify(Object.keys(account).sort()), claims.groups[0], account.id];
          claims.groups[0] = 'admins';
          return { roles };
        }`);
      const claims = { groups: ['staff'] };
      const { roles } = await hooks.signIn(ADA, claims);
      expect(roles).to.deep.equal([
        '["id","issuer","name","objectId","subject","tenantId","username"]',
        'staff',
        ADA.accountId,
      ]);
      expect(claims).to.deep.equal({ groups: ['staff'] });
    });

    it('refuses with the hook’s words for the person, in plain text and of a length to be read', async () => {
      const words = `<b>Ask Kim.</b>\\n ${'x'.repeat(1000)}`;
      const error = await failureOf(`export const onSignIn = () => ({ refuse: "${words}" });`);
      expect(error).to.be.instanceOf(SignInFailed);
      expect(error).to.include({ reason: 'refused-by-site' });
      expect(error.message)
        .to.have.length(500)
        .and.match(/^<b>Ask Kim\.<\/b> x+$/);
      expect(lines.text()).to.equal('');
      const answer = errorAnswer(error, false);
      expect(answer).to.include({ status: 400, title: 'You were not let in', isRetryable: false });
    });

    for (const [what, body] of [
      ['throws', 'throw new RangeError("claims of the directory");'],
      ['rejects', 'return Promise.reject(new RangeError("claims of the directory"));'],
    ] as const) {
      it(`says that the site is at fault when the hook ${what}`, async () => {
        const error = await failureOf(`export function onSignIn() { ${body} }`);
        expect(error).to.be.instanceOf(Misconfigured);
        expect(error.message).to.equal(
          'This site could not check your sign-in, so you were not signed in.',
        );
        expect(error.cause).to.have.property('message', 'RangeError: claims of the directory');
        const [line, ...more] = lines.of('hook_failed');
        expect(more).to.deep.equal([]);
        expect(line).to.include({ level: ERROR, hook: 'onSignIn' });
        expect(line?.['problem']).to.equal('RangeError: claims of the directory');
        expect(line?.['at']).to.match(/hooks\.ts:1:\d+/);
      });
    }

    it('tells of what is thrown its type only, when it is no error', async () => {
      const error = await failureOf('export const onSignIn = () => { throw "text-SECRET"; };');
      expect(error).to.be.instanceOf(Misconfigured);
      expect(lines.text()).to.include('threw a string').and.not.include('SECRET');
    });

    for (const [what, body] of [
      ['returns what cannot be read', 'return { get refuse() { throw new Error("getter"); } };'],
      [
        'returns what cannot be listed',
        'return new Proxy({}, { ownKeys() { throw new Error(); } });',
      ],
      [
        'throws an error without words',
        'throw Object.create(new Error(), { message: { get() { throw new Error(); } } });',
      ],
      [
        'throws what cannot be looked at',
        'throw new Proxy({}, { getPrototypeOf() { throw new Error(); } });',
      ],
    ] as const) {
      it(`says that the site is at fault when the hook ${what}, and goes on when it was only told`, async () => {
        const text = `export function onSignIn() { ${body} } export const onSignOut = onSignIn;`;
        expect(await failureOf(text)).to.be.instanceOf(Misconfigured);
        expect(lines.of('hook_failed')).to.have.length(1);
        const hooks = await running(text);
        hooks.signedOut(ADA, 'here');
        await hooks.settled();
      });
    }

    it('gives up on a hook that hangs, for now', async () => {
      const text = 'export const onSignIn = () => new Promise(() => {});';
      const error = await failureOf(text, SHORT_MS);
      expect(error).to.be.instanceOf(Unavailable);
      expect(errorAnswer(error, false)).to.include({ status: 503, isRetryable: true });
      const [line] = lines.of('hook_failed');
      expect(line).to.include({
        hook: 'onSignIn',
        problem: 'onSignIn has not answered after 40 ms',
      });
    });

    it('does not trip over a hook that fails when nobody waits any more', async () => {
      const error = await failureOf(
        `export const onSignIn = () =>
           new Promise((_, reject) => setTimeout(reject, ${SHORT_MS * 2}, new Error('late')));`,
        SHORT_MS,
      );
      expect(error).to.be.instanceOf(Unavailable);
      await new Promise((resolve) => setTimeout(resolve, SHORT_MS * 2));
      expect(lines.of('hook_failed')).to.have.length(1);
    });

    for (const [answer, named] of [
      ['true', 'a boolean'],
      ['false', 'a boolean'],
      ['null', 'null'],
      ['"text-SECRET"', 'a string'],
      ['["admin-SECRET"]', 'a list'],
      ['{}', 'an object with no keys'],
      ['{ role: "SECRET" }', 'an object with role'],
      ['{ refuse: "" }', 'an object with refuse'],
      ['{ refuse: " \\n" }', 'an object with refuse'],
      ['{ refuse: true }', 'an object with refuse'],
      ['{ refuse: "SECRET", roles: [] }', 'an object with refuse, roles'],
      ['{ roles: "SECRET" }', 'an object with roles'],
      ['{ roles: [""] }', 'an object with roles'],
      ['{ roles: [1] }', 'an object with roles'],
      ['{ roles: ["x".repeat(101)] }', 'an object with roles'],
      ['{ roles: Array(51).fill("x") }', 'an object with roles'],
    ] as const) {
      it(`lets nobody in on ${answer}, and names its type`, async () => {
        const error = await failureOf(`export const onSignIn = () => (${answer});`);
        expect(error).to.be.instanceOf(Misconfigured);
        const problem = `onSignIn returned ${named}: wanted is nothing, { refuse } or { roles }, as in src/hooks.ts`;
        expect(error.cause).to.have.property('message', problem);
        expect(lines.of('hook_failed')[0]).to.include({ level: ERROR, problem });
        expect(lines.text()).not.to.include('SECRET');
      });
    }

    it('takes as many roles as there may be, at their longest', async () => {
      const hooks = await running(
        'export const onSignIn = () => ({ roles: Array(50).fill("x".repeat(100)) });',
      );
      expect((await hooks.signIn(ADA, {})).roles).to.have.length(50);
    });
  });

  describe('after the fact', () => {
    it('tells of a sign-out, with what is still known of the account', async () => {
      const heard: unknown[] = [];
      const onSignOut = (...facts: unknown[]) => void heard.push(facts);
      const hooks = new SiteHooks({ hooks: { onSignOut }, log: lines.log });
      hooks.signedOut(ADA, 'here');
      hooks.signedOut({ accountId: 'a.b' }, 'back_channel');
      await hooks.settled();
      const { accountId: id, tenantId, objectId, username, name, issuer, subject } = ADA;
      const known = { id, tenantId, objectId, username, name, issuer, subject };
      const unknown = { tenantId: undefined, objectId: undefined, username: undefined };
      const rest = { name: undefined, issuer: undefined, subject: undefined };
      expect(heard).to.deep.equal([
        [known, 'here'],
        [{ id: 'a.b', ...unknown, ...rest }, 'back_channel'],
      ]);
    });

    it('waits for no hook, except at the end', async () => {
      const hooks = await running(
        'export const onSignOut = () => new Promise((resolve) => setTimeout(resolve, 100));',
      );
      const begun = performance.now();
      hooks.signedOut(ADA, 'here');
      expect(performance.now() - begun).to.be.below(90);
      await hooks.settled();
      expect(performance.now() - begun).to.be.at.least(90);
      expect(lines.text()).to.equal('');
    });

    for (const [what, body, problem] of [
      ['throws', 'throw new Error("mail server away");', 'Error: mail server away'],
      ['hangs', 'return new Promise(() => {});', 'has not answered after 40 ms'],
    ] as const) {
      it(`goes on when a hook ${what}, and logs it`, async () => {
        const hooks = await running(
          `export const onSignOut = () => { ${body} };
           export const onSignInFailed = () => { ${body} };`,
          SHORT_MS,
        );
        hooks.signedOut(ADA, 'everywhere');
        hooks.signInFailed({ reason: 'declined', correlationId: 'c', address: '' });
        await hooks.settled();
        const failed = lines.of('hook_failed');
        expect(failed.map(({ hook }) => hook)).to.have.members(['onSignOut', 'onSignInFailed']);
        for (const line of failed) {
          expect(line.level).to.equal(ERROR);
          expect(line['problem']).to.include(problem);
        }
      });
    }

    it('stops telling while a thousand calls are under way', async () => {
      const hooks = await running('export const onSignOut = () => new Promise(() => {});', 300);
      for (let n = 0; n < 1001; n += 1) hooks.signedOut(ADA, 'here');
      const [line, ...more] = lines.of('hook_failed');
      expect(line?.['problem']).to.equal('not told: 1000 calls are under way');
      expect(more).to.deep.equal([]);
      await hooks.settled();
      hooks.signedOut(ADA, 'here');
      expect(lines.text().match(/not told/g)).to.have.length(1);
      await hooks.settled();
    });
  });
});

describe('A sign-in at a site with a hook', () => {
  let web: Web;
  const webWith = async (text: string) => {
    web = await aWeb({ hooks: await hooksOf(text) });
    return web;
  };
  afterEach(() => web.close());

  it('is refused in the hook’s words, escaped, and nothing of it is kept', async () => {
    const { broker, aBrowser } = await webWith(
      'export const onSignIn = (who, { tid }) => ({ refuse: ["<b>", who.username, "</b> of ", tid].join("") });',
    );
    web.authority.claims = { tid: 'tenant-1' };
    const browser = aBrowser();
    const answer = await browser.signIn();
    expect(answer.status).to.equal(400);
    expect(answer.text)
      .to.include('You were not let in')
      .and.include('&lt;b&gt;ada@contoso.example&lt;/b&gt; of tenant-1')
      .and.not.include('Try again');
    expect(broker.kept).to.deep.equal([]);
    expect((await browser.open('/')).text).not.to.include('Hello,');
    expect(web.log()).to.match(/"audit":true,"event":"sign_in_failed","reason":"refused-by-site"/);
    expect(web.log()).to.match(/"reason":"refused-by-site",.*"account":"ada\.tenant"/);
  });

  it('leaves a person signed in whose new sign-in the hook cannot judge', async () => {
    const { broker, aBrowser } = await webWith(
      'let n = 0; export const onSignIn = () => { if (n++ > 0) throw new Error("away"); };',
    );
    const browser = aBrowser();
    await browser.signIn();
    const answer = await browser.signIn();
    expect(answer.status).to.equal(500);
    expect(answer.text).to.include('could not check your sign-in').and.not.include('away');
    expect(broker.kept).to.have.length(1);
    expect((await browser.open('/')).text).to.include('Hello, Ada Example');
    expect(web.log()).to.include('"reason":"misconfigured"');
  });
});
