/** Routes that are open to groups: by the ID token, else by Graph, whose answer is believed for a while. */
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { PERSONAL_TENANT } from '../../src/tenant-id.ts';
import type { ApiCall } from '../../src/downstream/api-client.ts';
import { ApiFailed, Unavailable } from '../../src/errors.ts';
import { BELIEVED_MS } from '../../src/web/memberships.ts';
import { requireGroup } from '../../src/web/middleware/require-group.ts';
import { ADA, aWeb, BOB, LISTS, needsConsent, type Web } from './a-web.ts';
import type { Browser } from './browser.ts';

const group = (digit: string) => `0b1d5a77-0000-4000-8000-00000000000${digit}`;
const [A, B, C] = ['a', 'b', 'c'].map(group) as [string, string, string];
const many = Array.from(
  { length: 45 },
  (_, index) => `0b1d5a77-0000-4000-8000-1000000000${index + 10}`,
);
const GRAPH_ELSEWHERE = { src1: { endpoint: 'https://evil.example/getMemberObjects' } };

const routes: Parameters<typeof aWeb>[0] = {
  addRoutes: (router) => {
    router.get('/a', requireGroup(A.toUpperCase()), (ctx) => {
      ctx.body = 'for a';
    });
    router.get('/a-or-b', requireGroup(A, B), (ctx) => {
      ctx.body = 'for a or b';
    });
    router.get('/c', requireGroup(C), (ctx) => {
      ctx.body = 'for c';
    });
    for (const [index, id] of many.entries()) {
      router.get(`/many/${index}`, requireGroup(id), (ctx) => {
        ctx.body = 'for one of many';
      });
    }
  },
};

describe('A route that requires a group', () => {
  let web: Web;
  let browser: Browser;
  /** What Graph knows. */
  let own: string[];
  beforeEach(async () => {
    web = await aWeb(routes);
    browser = web.aBrowser();
    own = [];
    web.apiClient.onJson = (call) => ({ value: asked(call).filter((id) => own.includes(id)) });
  });
  afterEach(() => web.close());

  const asked = ({ body }: ApiCall): string[] => JSON.parse(String(body)).groupIds;
  const questions = () => web.apiClient.calls.map(asked);
  const signIn = async (claims: Record<string, unknown> = {}, identity = ADA) => {
    web.authority.identity = identity;
    web.authority.claims = claims;
    await browser.signIn();
  };
  const statusOf = async (path = '/a', from = browser) => (await from.open(path)).status;
  const post = (path: string, fields: Record<string, string>) =>
    browser.send(path, {
      method: 'POST',
      headers: {
        'sec-fetch-site': 'same-origin',
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: new URLSearchParams(fields).toString(),
    });
  const switchTo = ({ accountId }: typeof ADA) => post('/account/switch', { account: accountId });
  /** Holds Graph's answers back, which are those of when it was asked. */
  const held = () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const arrived = Promise.withResolvers<void>();
    const answer = web.apiClient.onJson;
    web.apiClient.onJson = async (call, account) => {
      const said = answer(call, account);
      arrived.resolve();
      await promise;
      return said;
    };
    return { release: resolve, arrived: arrived.promise };
  };

  describe('is decided by the ID token', () => {
    for (const [what, groups, status] of [
      ['that names it', [C, A], 200],
      ['that names it in other letters', [A.toUpperCase()], 200],
      ['that names others', [B, C], 403],
      ['that names none', [], 403],
    ] as const) {
      it(`${what}: ${status}, and nobody is asked`, async () => {
        await signIn({ groups });
        expect(await statusOf()).to.equal(status);
        expect(questions()).to.deep.equal([]);
      });
    }
  });

  describe('is decided by Graph', () => {
    for (const [what, claims] of [
      ['says nothing of groups', {}],
      ['has more than it can hold', { hasgroups: true }],
      [
        'says where they are',
        { _claim_names: { groups: 'src1' }, _claim_sources: GRAPH_ELSEWHERE },
      ],
      ['names them by names', { groups: ['Operations', A] }],
      ['names them in an odd way', { groups: [{ id: A }] }],
    ] as const) {
      it(`and by nobody else, when the ID token ${what}`, async () => {
        await signIn(claims);
        expect(await statusOf()).to.equal(403);
        expect(await statusOf('/a-or-b')).to.equal(403);
        own = [B];
        web.clock.now += BELIEVED_MS;
        expect(await statusOf('/a-or-b')).to.equal(200);
        const [call] = web.apiClient.calls;
        expect(call).to.deep.include({ path: '/me/checkMemberGroups', scopes: ['User.Read'] });
        expect(call?.api.baseUrl.href).to.equal('https://graph.test/v1.0');
        expect(questions()).to.deep.equal([[A], [B], [A, B]]);
      });
    }

    it('but not for a personal account, which is in no group', async () => {
      own = [A];
      await signIn({}, { ...ADA, tenantId: PERSONAL_TENANT });
      expect(await statusOf()).to.equal(403);
      expect(questions()).to.deep.equal([]);
    });

    it('with the consent that this takes, which is asked for', async () => {
      await signIn();
      web.apiClient.onJson = () => {
        throw needsConsent('User.Read');
      };
      const answer = await browser.open('/a');
      expect(answer.location).to.match(/^https:\/\/authority\.test\/authorize/);
      expect(web.authority.asked.at(-1)?.scopes).to.deep.equal(['User.Read']);
      const problem = await browser.fetch('/a');
      expect(problem.status).to.equal(401);
      expect(problem.json())
        .to.deep.include({ scopes: ['User.Read'] })
        .and.have.property('signInUrl');
    });

    it('whose section is missed in words for the operator', async () => {
      await web.close();
      web = await aWeb({ ...routes, apis: [LISTS] });
      browser = web.aBrowser();
      await signIn();
      expect(await statusOf()).to.equal(500);
      expect(web.log()).to.include('no section DownstreamApis:Graph');
      await signIn({ groups: [A] });
      expect(await statusOf()).to.equal(200);
    });
  });

  it('tells who is not in it what is missing, and how to go on', async () => {
    await signIn({ groups: [] });
    const page = await browser.open('/a-or-b');
    expect(page.text)
      .to.include('You need to be in a group for this')
      .and.include(`<code>${A}</code>`)
      .and.include(`<code>${B}</code>`)
      .and.include('<strong>ada@contoso.example</strong>')
      .and.include('>sign in anew</a>')
      .and.include('>use another account</a>');
    const problem = (await browser.fetch('/a')).json();
    expect(problem).to.deep.include({ status: 403, missing: { groups: [A] } });
  });

  it('leads whoever is not signed in there and back', async () => {
    expect((await browser.open('/a')).location).to.equal('/sign-in?returnTo=%2Fa');
    expect((await browser.fetch('/a')).status).to.equal(401);
  });

  describe('when Graph does not say', () => {
    const graphFailed = (apiStatus: number) =>
      new ApiFailed(`Graph said ${apiStatus}.`, { detail: { api: 'Graph', apiStatus } });
    for (const [what, error] of [
      ['is away', new Unavailable('Graph is away.', { retryAfterSeconds: 9 })],
      ['refuses the question', graphFailed(403)],
      ['breaks', graphFailed(500)],
      ['answers nonsense', undefined],
    ] as const) {
      it(`as it ${what}: 503, and nobody is let in, refused or signed out`, async () => {
        await signIn();
        own = [A];
        const answer = web.apiClient.onJson;
        web.apiClient.onJson = () => {
          if (error) throw error;
          return { value: 'nonsense' };
        };
        const page = await browser.open('/a');
        expect(page.status).to.equal(503);
        expect(Number(page.headers['retry-after'])).to.be.above(0);
        expect((await browser.fetch('/a')).status).to.equal(503);
        web.apiClient.onJson = answer;
        expect(await statusOf()).to.equal(200);
      });
    }

    it('what it said before still counts for its time, and not longer', async () => {
      own = [A];
      await signIn();
      expect(await statusOf()).to.equal(200);
      web.apiClient.onJson = () => {
        throw new Unavailable('Graph is away.');
      };
      expect(await statusOf()).to.equal(200);
      web.clock.now += BELIEVED_MS;
      expect(await statusOf()).to.equal(503);
    });
  });

  describe('asks once', () => {
    it('for many at once', async () => {
      own = [A];
      await signIn();
      const { release, arrived } = held();
      const before = web.broker.askedNear.length;
      const all = Array.from({ length: 12 }, () => statusOf());
      await arrived;
      while (web.broker.askedNear.length < before + 12) await delay(5);
      await delay(5);
      release();
      expect(new Set(await Promise.all(all))).to.deep.equal(new Set([200]));
      expect(questions()).to.have.length(1);
    });

    it('though who asked first goes away', async () => {
      own = [A];
      await signIn();
      const { release, arrived } = held();
      const first = new AbortController();
      const cookie = `concierge=${browser.jar.get('concierge')}`;
      const gone = fetch(`http://127.0.0.1:${web.port}/a`, {
        headers: { cookie, accept: 'text/html' },
        signal: first.signal,
      }).catch(() => 'gone');
      await arrived;
      const second = statusOf();
      first.abort();
      expect(await gone).to.equal('gone');
      expect(web.apiClient.calls[0]?.signal).to.equal(undefined);
      release();
      expect(await second).to.equal(200);
      expect(questions()).to.have.length(1);
    });

    it('in ten minutes, whatever the answer, and then sees what has changed', async () => {
      own = [A];
      await signIn();
      expect(await statusOf()).to.equal(200);
      expect(await statusOf('/c')).to.equal(403);
      own = [C];
      web.clock.now += BELIEVED_MS - 1;
      expect(await statusOf()).to.equal(200);
      expect(await statusOf('/c')).to.equal(403);
      expect(questions()).to.deep.equal([[A], [C]]);
      web.clock.now += 1;
      expect(await statusOf()).to.equal(403);
      expect(await statusOf('/c')).to.equal(200);
      expect(questions()).to.have.length(4);
    });

    it('and about nothing it knows, when different routes are opened at once', async () => {
      own = [A, C];
      await signIn();
      const { release } = held();
      const both = Promise.all([statusOf('/a'), statusOf('/c')]);
      release();
      expect(await both).to.deep.equal([200, 200]);
      expect(await statusOf('/a')).to.equal(200);
      expect(await statusOf('/c')).to.equal(200);
      expect(questions()).to.have.length(2);
    });

    it('and then reads what was said, and writes nothing', async () => {
      own = [A];
      await signIn();
      await statusOf();
      const writes: string[] = [];
      web.store.beforeReplace = async (name) => {
        writes.push(name);
      };
      await statusOf();
      expect(writes).to.deep.equal([]);
      expect(questions()).to.have.length(1);
    });

    it('until there are too many answers to keep', async () => {
      await signIn();
      for (const index of many.keys()) await statusOf(`/many/${index}`);
      expect(questions()).to.have.length(45);
      await statusOf('/many/44');
      await statusOf('/many/5');
      expect(questions()).to.have.length(45);
      await statusOf('/many/4');
      expect(questions()).to.have.length(46);
    });
  });

  describe('believes an answer', () => {
    it('of this account alone', async () => {
      own = [A];
      await signIn();
      expect(await statusOf()).to.equal(200);
      own = [];
      await signIn({}, BOB);
      expect(await statusOf()).to.equal(403);
      await switchTo(ADA);
      expect(await statusOf()).to.equal(200);
      await switchTo(BOB);
      expect(await statusOf()).to.equal(403);
      expect(questions()).to.have.length(2);
    });

    it('of this account alone, when two people ask for the same at once', async () => {
      web.apiClient.onJson = (call, { id }) => ({ value: id === ADA.accountId ? asked(call) : [] });
      await signIn();
      const ben = web.aBrowser();
      web.authority.identity = BOB;
      await ben.signIn();
      const { release, arrived } = held();
      const ofAda = statusOf('/a');
      await arrived;
      const ofBen = statusOf('/a', ben);
      while (questions().length < 2) await delay(5);
      release();
      expect(await Promise.all([ofAda, ofBen])).to.deep.equal([200, 403]);
      expect(await statusOf('/a', ben)).to.equal(403);
    });

    it('of this account alone, when both ask at once in one browser', async () => {
      web.apiClient.onJson = (call, { id }) => ({ value: id === ADA.accountId ? asked(call) : [] });
      await signIn({}, BOB);
      await signIn();
      const { release, arrived } = held();
      const ofAda = browser.copy().open('/a');
      await arrived;
      await switchTo(BOB);
      const ofBen = statusOf('/a');
      while (questions().length < 2) await delay(5);
      release();
      expect([(await ofAda).status, await ofBen]).to.deep.equal([200, 403]);
      expect(await statusOf('/a')).to.equal(403);
      await switchTo(ADA);
      expect(await statusOf('/a')).to.equal(200);
      expect(questions(), 'each is kept with its account').to.have.length(2);
    });

    it('of this sign-in alone: a newer one does not wait for what an older one asked', async () => {
      own = [A];
      await signIn();
      const { release, arrived } = held();
      const older = statusOf('/a');
      await arrived;
      own = [];
      const newer = web.aBrowser();
      await newer.signIn();
      const status = statusOf('/a', newer);
      while (questions().length < 2) await delay(5);
      release();
      expect([await older, await status]).to.deep.equal([200, 403]);
      expect(await statusOf('/a', newer)).to.equal(403);
      expect(questions(), 'each is kept with its sign-in').to.have.length(2);
    });

    it('not of the future: by a clock that was set back, it asks again', async () => {
      own = [A];
      await signIn();
      expect(await statusOf()).to.equal(200);
      own = [];
      web.clock.now -= 1;
      expect(await statusOf()).to.equal(403);
      expect(questions()).to.have.length(2);
    });

    it('and keeps it without making the visit that asked for it unseen', async () => {
      own = [A];
      await signIn();
      web.clock.now += 50 * 60_000;
      expect(await statusOf()).to.equal(200);
      web.clock.now += 50 * 60_000;
      expect(await statusOf()).to.equal(200);
    });

    it('until the next sign-in', async () => {
      await signIn();
      expect(await statusOf()).to.equal(403);
      own = [A];
      expect(await statusOf()).to.equal(403);
      await signIn();
      expect(await statusOf()).to.equal(200);
    });

    it('until the sign-out', async () => {
      own = [A];
      await signIn();
      await statusOf();
      const old = browser.copy();
      await browser.signOut();
      own = [];
      expect((await old.open('/a')).location).to.include('/sign-in');
      await signIn();
      expect(await statusOf()).to.equal(403);
      expect(questions()).to.have.length(2);
    });
  });

  describe('while it is asked', () => {
    it('a sign-out is not undone', async () => {
      own = [A];
      await signIn();
      const { release, arrived } = held();
      const page = statusOf();
      await arrived;
      await browser.copy().signOut();
      release();
      await page;
      expect((await browser.open('/a')).location).to.include('/sign-in');
    });

    it('another account that is chosen stays chosen, and is not taken for the one that asked', async () => {
      own = [A];
      await signIn({ groups: [] }, BOB);
      await signIn();
      web.clock.now += 20 * 60_000;
      const { release, arrived } = held();
      const page = browser.copy().open('/a');
      await arrived;
      await switchTo(BOB);
      release();
      expect((await page).text).to.equal('for a');
      expect(await statusOf()).to.equal(403);
      expect((await browser.open('/')).text).to.include('Hello, Bob');
      await switchTo(ADA);
      expect(await statusOf()).to.equal(200);
      expect(questions()).to.have.length(1);
    });

    it('a store that goes away takes only the memory of the answer', async () => {
      own = [A];
      await signIn();
      web.store.beforeReplace = async () => {
        throw web.store.failure;
      };
      expect(await statusOf()).to.equal(200);
      expect(web.log()).to.include('membership_not_kept');
    });
  });

  it('is not made for names, or for more groups than Graph answers for at once', () => {
    for (const bad of ['Operations', '', `${A} `, `${A},${B}`, '{*}']) {
      expect(() => requireGroup(bad), bad).to.throw(TypeError, 'is no object id');
      expect(() => requireGroup(A, bad), bad).to.throw(TypeError);
    }
    expect(() => requireGroup(A, ...many.slice(0, 20))).to.throw(TypeError, 'at most 20');
    expect(() => requireGroup(A, A.toUpperCase(), ...many.slice(0, 19))).not.to.throw();
  });
});
