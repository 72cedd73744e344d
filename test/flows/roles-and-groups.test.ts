/** Routes that are open to roles and groups, over real HTTP against the sandbox. */
import { join } from 'node:path';
import { expect } from 'chai';
import { guidOf } from '../../scripts/sandbox/guid-of.ts';
import { demoApp } from '../../scripts/sandbox/sandbox-options.ts';
import { type Sandbox, startSandbox } from '../../scripts/sandbox/start-sandbox.ts';
import type { AddRoutes } from '../../src/web/create-web.ts';
import { requireGroup } from '../../src/web/middleware/require-group.ts';
import { requireRole } from '../../src/web/middleware/require-role.ts';
import { passSandbox, type Site, sandboxEnvironment, startSite } from '../support/site.ts';
import { aFolder, freePort } from '../support/site-process.ts';
import { type Page, Visitor } from '../support/visitor.ts';

const ADA = 'ada@contoso.example';
const BEN = 'ben@contoso.example';
const DAN = 'dan@fabrikam.example';
const EVE = 'eve@personal.example';
const CONTOSO = '5d3a1b0e-7c41-4e5b-9a57-0f1c8a2e6b01';
const FABRIKAM = '8e6f2c94-1d7b-4f0a-b3c8-61d5e9a07f02';

const addRoutes: AddRoutes = (router) => {
  const show = (text: string) => (ctx: { body: unknown }) => {
    ctx.body = text;
  };
  router.get('/reports', requireRole('Reports.Reader'), show('the reports'));
  const groups = {
    '/project': guidOf('group', FABRIKAM, 'Project 217'),
    '/everyone': guidOf('group', FABRIKAM, 'Everyone at Fabrikam'),
    '/warehouse': guidOf('group', CONTOSO, 'Warehouse'),
  };
  for (const [path, id] of Object.entries(groups)) {
    router.get(path, requireGroup(id), show(`for ${path}`));
  }
};

describe('With roles and groups, a person', () => {
  let site: Site;
  let sandbox: Sandbox;
  let visitor: Visitor;
  let env: Record<string, string>;

  beforeEach(async () => {
    sandbox = await startSandbox();
    env = sandboxEnvironment(sandbox, await freePort());
    env['TokenCache__Store'] = `sqlite:${join(aFolder(), 'tokens.sqlite')}`;
    for (const name of ['EncryptionKeys__0', 'IndexKey'])
      env[`TokenCache__${name}`] = Buffer.alloc(32, name).toString('base64');
    site = await startSite(env, addRoutes);
    visitor = new Visitor();
  });
  afterEach(async () => {
    await site.close();
    await sandbox.close();
  });

  const open = (path: string) => visitor.open(`${site.url}${path}`);
  const openAs = async (path: string, username: string): Promise<Page> =>
    passSandbox(visitor, await open(path), username);
  const statusOf = async (path: string) => (await open(path)).status;
  const questions = () =>
    sandbox.requests.filter(({ path }) => path.endsWith('/me/checkMemberGroups'));
  const register = (more: object) => sandbox.controls.register({ ...demoApp, ...more });
  const link = ({ text }: Page, words: string) => {
    const [, href = ''] = new RegExp(`href="([^"]*)">${words}<`).exec(text) ?? [];
    return href.replaceAll('&amp;', '&');
  };
  /** The same session at a second instance with the same store. */
  const atAnotherInstance = async (visit: () => Promise<void>) => {
    const port = await freePort();
    const first = site;
    const at = { Site__Port: String(port), Site__PublicUrl: `http://localhost:${port}` };
    site = await startSite({ ...env, ...at }, addRoutes);
    try {
      for (const each of visitor.cookies(first.url).split('; ')) visitor.setCookie(site.url, each);
      await visit();
    } finally {
      await site.close();
      site = first;
    }
  };
  const fromThisSite = { 'sec-fetch-site': 'same-origin' };

  it('with the role is let in; one who is given it later is, after signing in anew', async () => {
    expect((await openAs('/reports', ADA)).text).to.equal('the reports');
    visitor = new Visitor();
    const refused = await openAs('/reports', BEN);
    expect([refused.status, refused.url.pathname]).to.deep.equal([403, '/reports']);
    expect(refused.text).to.include('Reports.Reader').and.include(BEN);
    register({ assignments: { [BEN]: ['Reports.Reader'] } });
    expect(await statusOf('/reports')).to.equal(403);
    const again = `${site.url}${link(refused, 'sign in anew')}`;
    const page = await visitor.open(again, fromThisSite);
    expect([page.status, page.text]).to.deep.equal([200, 'the reports']);
    // He was asked nothing, and is the only one.
    expect(page.trail.map(({ pathname }) => pathname)).not.to.include('/sign-out');
    expect((await open('/account')).text)
      .to.include(BEN)
      .and.not.include('Go on as');
  });

  it('with another account that has it goes on as that one', async () => {
    await openAs('/profile', BEN);
    const refused = await open('/reports');
    const other = `${site.url}${link(refused, 'use another account')}`;
    const picker = await visitor.open(other, fromThisSite);
    const end = await passSandbox(visitor, picker, ADA);
    expect(end.text).to.equal('the reports');
    const account = await open('/account');
    expect(account.text).to.include('Go on as Ben');
    await visitor.submit(account, 'aria-label="Go on as Ben');
    expect(await statusOf('/reports')).to.equal(403);
  });

  it('is given no role by a token that this site does not accept', async () => {
    await openAs('/profile', BEN);
    register({ assignments: { [BEN]: ['Reports.Reader'] } });
    const again = `${site.url}${link(await open('/reports'), 'sign in anew')}`;
    for (const fault of ['wrong-key', 'no-nonce', 'wrong-aud', 'expired'] as const) {
      sandbox.controls.spoilNextIdToken(fault);
      const failed = await visitor.open(again, fromThisSite);
      expect(failed.status, fault).to.be.at.least(400);
      expect(await statusOf('/reports'), fault).to.equal(403);
    }
    expect((await visitor.open(again, fromThisSite)).text).to.equal('the reports');
  });

  for (const groupClaims of ['groups', 'hasgroups'] as const) {
    it(`in more groups than a token can hold (${groupClaims}) is looked up in Graph, once`, async () => {
      register({ groupClaims });
      expect((await openAs('/project', DAN)).text).to.equal('for /project');
      expect((await open('/everyone')).text).to.equal('for /everyone');
      expect(await statusOf('/warehouse')).to.equal(403);
      expect(questions().map(({ status }) => status)).to.deep.equal([200, 200, 200]);
      for (const path of ['/project', '/everyone', '/warehouse']) await open(path);
      expect(questions()).to.have.length(3);
      await atAnotherInstance(async () => {
        expect(await statusOf('/project')).to.equal(200);
        expect(await statusOf('/warehouse')).to.equal(403);
      });
      expect(questions()).to.have.length(3);
      const elsewhere = sandbox.requests.filter(({ path }) => path.includes('getMember'));
      expect(elsewhere).to.deep.equal([]);
    });
  }

  it('in few groups is known by the ID token, and Graph is not asked', async () => {
    register({ groupClaims: 'groups' });
    expect((await openAs('/warehouse', BEN)).text).to.equal('for /warehouse');
    expect(await statusOf('/everyone')).to.equal(403);
    expect(questions()).to.deep.equal([]);
  });

  it('with a personal account is in no group', async () => {
    expect((await openAs('/warehouse', EVE)).status).to.equal(403);
    expect(questions()).to.deep.equal([]);
  });

  it('is neither let in nor refused nor signed out while Graph is away', async () => {
    await openAs('/profile', DAN);
    for (const outage of ['500', '503json'] as const) {
      sandbox.controls.outage('graph', outage);
      expect(await statusOf('/project')).to.equal(503);
      expect(await statusOf('/warehouse')).to.equal(503);
    }
    sandbox.controls.mendAll();
    expect(await statusOf('/project')).to.equal(200);
    expect(await statusOf('/warehouse')).to.equal(403);
  });

  it('is looked up anew after a sign-out', async () => {
    await openAs('/project', DAN);
    const page = await open('/account');
    await visitor.submit(page, 'action="/sign-out"');
    expect((await openAs('/project', DAN)).text).to.equal('for /project');
    expect(questions()).to.have.length(2);
  });
});
