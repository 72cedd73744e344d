/** Signing out against what runs at the same time, on two instances of the site and one Redis: nothing revives. */
import { expect } from 'chai';
import { demoApp } from '../../scripts/sandbox/sandbox-options.ts';
import { type Sandbox, startSandbox } from '../../scripts/sandbox/start-sandbox.ts';
import { systemClock } from '../../src/clock.ts';
import { askRedis, type RedisServer, startRedisServer } from '../support/redis-server.ts';
import { type RoundRobin, startRoundRobin } from '../support/round-robin.ts';
import { passSandbox, type Site, sandboxEnvironment, startSite } from '../support/site.ts';
import { freePort } from '../support/site-process.ts';
import { type Page, Visitor } from '../support/visitor.ts';

const ADA = 'ada@contoso.example';
const BEN = 'ben@contoso.example';
const keys = {
  TokenCache__EncryptionKeys__0: Buffer.alloc(32, 1).toString('base64'),
  TokenCache__IndexKey: Buffer.alloc(32, 2).toString('base64'),
};

describe('A sign-out', function () {
  this.timeout(30_000);
  let sandbox: Sandbox;
  let redis: RedisServer;
  let balancer: RoundRobin;
  let instances: (Site & { readonly port: number })[];
  let visitor: Visitor;

  before(async () => {
    redis = await startRedisServer();
    balancer = await startRoundRobin();
  });
  beforeEach(async () => {
    sandbox = await startSandbox({
      apps: [{ ...demoApp, frontChannelLogoutUrl: at('/signout-oidc') }],
    });
    askRedis(redis, 'FLUSHALL');
    instances = [];
    for (let i = 0; i < 2; i += 1) {
      const port = await freePort();
      const site = await startSite({
        ...{ ...sandboxEnvironment(sandbox, port), ...keys, TokenCache__Store: redis.uri },
        ...{ Site__PublicUrl: siteUrl(), Session__RevokeSignInSessions: 'true' },
        Site__SignInScopes: 'User.Read User.RevokeSessions.All',
      });
      instances.push({ ...site, port });
    }
    balancer.targets = instances.map(({ port }) => port);
    visitor = new Visitor();
  });
  afterEach(async () => {
    sandbox.controls.setLatencyMs(0);
    await Promise.all(instances.map((instance) => instance.close()));
    await sandbox.close();
  });
  after(async () => {
    await balancer.close();
    await redis.stop();
  });

  const siteUrl = () => `http://localhost:${balancer.port}`;
  const at = (path: string) => `${siteUrl()}${path}`;
  const signIn = async (who = visitor, username = ADA, path = '/profile'): Promise<Page> => {
    const page = await passSandbox(who, await who.open(at(path)), username);
    expect(page.status, page.text.slice(0, 1000)).to.equal(200);
    return page;
  };
  const records = (kind: string) =>
    askRedis(redis, 'KEYS', `*:${kind}`).split('\n').filter(Boolean);
  const isSignedIn = async (who = visitor) => {
    const page = await who.open(at('/'));
    expect(page.status).to.equal(200);
    return page.text.includes('Hello, ');
  };
  /** As the authority's page does it: frames of whichever instance is next, without any cookie. */
  const signOutThere = async (who = visitor, username = ADA) => {
    const picker = await who.open(`${sandbox.url}common/oauth2/v2.0/logout`);
    const page = await who.submit(picker, `data-test="account-${username}"`);
    const frames = [...page.text.matchAll(/<iframe hidden src="([^"]*)"/g)].map(([, src]) => src);
    expect(frames).to.have.length(1);
    const answer = await fetch(frames[0] ?? '');
    expect(answer.status).to.equal(200);
  };
  const signOutHere = async (who = visitor) =>
    who.submit(await who.open(at('/account')), '/sign-out"');
  const everywhere = async (who = visitor) =>
    who.submit(await who.open(at('/account')), '/account/sign-out-everywhere');

  describe('while a refresh is under way', () => {
    for (const [how, end] of [
      ['here', async (page: Page) => void (await visitor.submit(page, '/sign-out"'))],
      [
        'everywhere',
        async (page: Page) => void (await visitor.submit(page, 'sign-out-everywhere')),
      ],
      ['by the authority', async () => signOutThere()],
    ] as const) {
      it(`${how} is not undone by what the refresh brings`, async () => {
        await signIn();
        const page = await visitor.open(at('/account'));
        sandbox.controls.setLatencyMs(1500);
        sandbox.controls.expireAccessTokens();
        // Graph refuses the kept token, so a refresh begins, on each of the two instances if need be.
        const calls = [1, 2].map(() => visitor.fetch(at('/api/graph/me')));
        await untilAsked(() => sandbox.requests.some((r) => r.grantType === 'refresh_token'));
        await end(page);
        const statuses = (await Promise.all(calls)).map(({ status }) => status);
        for (const status of statuses) expect(status).to.be.oneOf([200, 401, 503]);
        await systemClock.sleep(500);
        expect(records('account')).to.deep.equal([]);
        expect(records('session')).to.deep.equal([]);
        expect(await isSignedIn()).to.equal(false);
        expect((await visitor.fetch(at('/api/graph/me'))).status).to.equal(401);
      });
    }
  });

  it('is not undone by a sign-in of the same account that is being completed', async () => {
    await signIn();
    const page = await visitor.open(at('/account'));
    const asked = await visitor.open(at('/sign-in'));
    sandbox.controls.setLatencyMs(1000);
    const completing = passSandbox(visitor, asked, ADA);
    const isRedeemed = ({ grantType }: { grantType?: string | undefined }) =>
      grantType === 'authorization_code';
    await untilAsked(() => sandbox.requests.filter(isRedeemed).length === 2);
    await visitor.submit(page, '/sign-out"');
    const late = await completing;
    expect(late.status).to.equal(400);
    expect(late.text).to.include('You were signed out while this sign-in was under way');
    expect(records('account')).to.deep.equal([]);
    expect(records('session')).to.deep.equal([]);
    expect(await isSignedIn()).to.equal(false);
  });

  it('is not undone by requests of the same session on both instances', async () => {
    await signIn();
    const page = await visitor.open(at('/account'));
    const cookies = visitor.cookies(siteUrl());
    let isRunning = true;
    const seenAfter: number[] = [];
    let isOut = false;
    const load = Array.from({ length: 8 }, async () => {
      while (isRunning) {
        const wasOut = isOut;
        const answer = await fetch(at('/api/session'), {
          headers: { cookie: cookies, 'sec-fetch-site': 'same-origin', 'sec-fetch-dest': 'empty' },
        });
        await answer.arrayBuffer();
        if (wasOut) seenAfter.push(answer.status);
      }
    });
    await systemClock.sleep(200);
    await visitor.submit(page, '/sign-out"');
    // A copy near at hand may be 50 ms old.
    await systemClock.sleep(100);
    isOut = true;
    await systemClock.sleep(500);
    isRunning = false;
    await Promise.all(load);
    expect(seenAfter.length).to.be.above(10);
    expect(new Set(seenAfter)).to.deep.equal(new Set([401]));
    expect(records('session')).to.deep.equal([]);
    expect(records('account')).to.deep.equal([]);
  });

  it('is seen by the other instance within moments, though it has a copy near at hand', async () => {
    await signIn();
    const cookie = visitor.cookies(siteUrl());
    const [one, two] = instances;
    const ask = async (instance: (Site & { readonly port: number }) | undefined) => {
      const headers = { cookie, 'sec-fetch-site': 'same-origin', 'sec-fetch-dest': 'empty' };
      const answer = await fetch(`http://127.0.0.1:${instance?.port}/api/session`, { headers });
      await answer.arrayBuffer();
      return answer.status;
    };
    for (let i = 0; i < 20; i += 1)
      for (const each of [one, two]) expect(await ask(each)).to.equal(200);
    balancer.targets = [one?.port ?? 0];
    await signOutHere();
    await systemClock.sleep(100);
    expect(await ask(two)).to.equal(401);
  });

  it('everywhere ends the sessions of other browsers, and at Microsoft, and no sign-in begun later', async () => {
    const [laptop, phone] = [visitor, new Visitor()];
    await signIn(laptop);
    await signIn(phone);
    const page = await everywhere(laptop);
    expect(page.text).to.include('Microsoft was asked to end your sessions');
    const asked = sandbox.requests.filter(({ path }) => path.endsWith('/revokeSignInSessions'));
    expect(asked.map(({ status }) => status)).to.deep.equal([200]);
    expect(records('account')).to.deep.equal([]);
    expect(await isSignedIn(laptop)).to.equal(false);
    expect(await isSignedIn(phone)).to.equal(false);
    await signIn(laptop);
    expect(await isSignedIn(laptop)).to.equal(true);
    expect(await isSignedIn(phone)).to.equal(false);
  });

  it('everywhere ends a sign-in of another browser that is under way', async () => {
    const phone = new Visitor();
    await signIn();
    const asked = await phone.open(at('/profile'));
    await everywhere();
    const page = await passSandbox(phone, asked, ADA);
    expect(page.status).to.equal(400);
    expect(page.text).to.include('You were signed out while this sign-in was under way');
    expect(records('account')).to.deep.equal([]);
    await signIn(phone);
    expect(await isSignedIn(phone)).to.equal(true);
  });

  it('of one account leaves the other of the same browser its tokens', async () => {
    await signIn();
    const added = await passSandbox(visitor, await visitor.open(at('/sign-in')), BEN);
    expect(added.text).to.include('Hello, Ben');
    const page = await visitor.submit(
      await visitor.open(at('/account')),
      'aria-label="Sign out Ada',
    );
    expect(page.text).to.include('Ada Example is signed out');
    const me = await visitor.fetch(at('/api/graph/me'));
    expect(await me.json()).to.include({ userPrincipalName: BEN });
    expect(records('account')).to.have.length(1);
  });

  it('by the authority, from another app, ends the sessions here and their tokens', async () => {
    await signIn();
    const other = new Visitor();
    await signIn(other, BEN);
    await signOutThere();
    expect(await isSignedIn()).to.equal(false);
    expect(await isSignedIn(other)).to.equal(true);
    expect(records('account')).to.have.length(1);
  });

  it('is double-posted without harm, and a callback too: one session, one redemption', async () => {
    const asked = await visitor.open(at('/profile'));
    const page = await passSandbox(visitor, asked, ADA);
    const callback = page.trail.find(({ pathname }) => pathname === '/signin-oidc');
    const again = await Promise.all([visitor.open(callback ?? ''), visitor.open(callback ?? '')]);
    for (const each of again) expect(each.status).to.equal(200);
    expect(records('session')).to.have.length(1);
    expect(sandbox.requests.filter((r) => r.grantType === 'authorization_code')).to.have.length(1);
    const account = await visitor.open(at('/account'));
    const outs = await Promise.all([1, 2].map(() => visitor.submit(account, '/sign-out"')));
    for (const out of outs) expect(out.status).to.equal(200);
    expect(records('session')).to.deep.equal([]);
  });
});

async function untilAsked(isSo: () => boolean): Promise<void> {
  while (!isSo()) await systemClock.sleep(5);
}
