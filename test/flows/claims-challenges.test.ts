/** Claims challenges while the site is in use: answered silently where that is possible, else by the person, once. */
import { expect } from 'chai';
import { z } from 'zod';
import type { Sandbox } from '../../scripts/sandbox/start-sandbox.ts';
import { passSandbox, type Site, startSandboxedSite } from '../support/site.ts';
import { type Page, Visitor } from '../support/visitor.ts';

const ADA = 'ada@contoso.example';
const claimsSchema = z.object({
  access_token: z.object({ xms_cc: z.object({ values: z.array(z.string()) }) }).loose(),
});

describe('A claims challenge', () => {
  let site: Site;
  let sandbox: Sandbox;
  let visitor: Visitor;
  beforeEach(async () => {
    ({ site, sandbox } = await startSandboxedSite({ AzureAd__ClientCapabilities: 'cp1' }));
    visitor = new Visitor();
  });
  afterEach(async () => {
    await site.close();
    await sandbox.close();
  });

  const at = (path: string) => `${site.url}${path}`;
  const signIn = async (): Promise<Page> =>
    passSandbox(visitor, await visitor.open(at('/profile?tab=1')), ADA);
  const claimsSent = () =>
    sandbox.requests
      .filter(({ endpoint }) => endpoint === 'token')
      .map(({ claims }) => claimsSchema.parse(JSON.parse(claims ?? '{}')).access_token);

  it('may come, as every request says that it is understood', async () => {
    const page = await signIn();
    expect(page.status).to.equal(200);
    const authorize = sandbox.requests.find(({ endpoint }) => endpoint === 'authorize');
    const { searchParams } = new URL(authorize?.path ?? '', sandbox.url);
    expect(searchParams.get('claims')).to.equal('{"access_token":{"xms_cc":{"values":["cp1"]}}}');
    for (const { xms_cc } of claimsSent()) expect(xms_cc.values).to.deep.equal(['cp1']);
    expect(claimsSent()).not.to.be.empty;
  });

  it('of a revocation is answered silently: the person stays where they are', async () => {
    await signIn();
    sandbox.controls.challenge('graph', 'revoked');
    const page = await visitor.open(at('/profile?tab=1'));
    expect(page.status).to.equal(200);
    expect(page.trail).to.have.length(1);
    expect(claimsSent().at(-1)).to.have.property('nbf');
    expect(claimsSent().at(-1)?.xms_cc.values).to.deep.equal(['cp1']);
    const before = claimsSent().length;
    expect((await visitor.open(at('/profile'))).status).to.equal(200);
    expect(claimsSent(), 'the new token is kept').to.have.length(before);
  });

  it('for more than a refresh gives goes to the person once, and back to the same place', async () => {
    await signIn();
    sandbox.controls.challenge('graph', 'authentication-context');
    const asked = await visitor.open(at('/profile?tab=1'));
    expect(asked.url.hostname).to.equal('127.0.0.1');
    const authorize = asked.trail.find(({ pathname }) => pathname.endsWith('/authorize'));
    expect(authorize?.searchParams.get('claims')).to.include('"acrs"').and.include('cp1');
    expect(authorize?.searchParams.get('login_hint')).to.be.a('string');
    const page = await passSandbox(visitor, asked, ADA);
    expect(page.url.href).to.equal(at('/profile?tab=1'));
    expect(page.status).to.equal(200);
    expect((await visitor.open(at('/profile'))).trail).to.have.length(1);
  });

  it('of a place that no token mends ends in words, without a round trip', async () => {
    await signIn();
    sandbox.controls.challenge('graph', 'location');
    for (let time = 0; time < 2; time += 1) {
      const page = await visitor.open(at('/profile'));
      expect(page.trail).to.have.length(1);
      expect(page.status).to.equal(502);
      expect(page.text).to.include('certain networks or devices only');
    }
    sandbox.controls.mendAll();
    expect((await visitor.open(at('/profile'))).status).to.equal(200);
  });

  it('tells a script what is wanted, and that it is no lost session', async () => {
    await signIn();
    sandbox.controls.challenge('graph', 'authentication-context');
    const answer = await visitor.fetch(at('/api/graph/me'));
    expect(answer.status).to.equal(401);
    const problem = z
      .object({ signInUrl: z.string(), claims: z.string() })
      .parse(await answer.json());
    expect(problem.claims).to.include('acrs');
    const page = await passSandbox(visitor, await visitor.open(problem.signInUrl), ADA);
    expect(page.status).to.equal(200);
    expect((await visitor.fetch(at('/api/graph/me'))).status).to.equal(200);
  });
});

describe('A step-up that a page of the site asks for', () => {
  it('is asked of the person once a session, and of nobody who signs out', async () => {
    const { site, sandbox } = await startSandboxedSite({ Session__AccountContext: 'c1' });
    try {
      const visitor = new Visitor();
      const at = (path: string) => `${site.url}${path}`;
      await passSandbox(visitor, await visitor.open(at('/profile')), ADA);
      const asked = await visitor.open(at('/account?from=here'));
      const authorize = asked.trail.find(({ pathname }) => pathname.endsWith('/authorize'));
      expect(authorize?.searchParams.get('claims')).to.equal(
        '{"id_token":{"acrs":{"essential":true,"value":"c1"}}}',
      );
      expect(asked.text).to.include('Approve sign-in request');
      const page = await passSandbox(visitor, asked, ADA);
      expect(page.url.href).to.equal(at('/account?from=here'));
      expect(page.status).to.equal(200);
      expect((await visitor.open(at('/account'))).trail).to.have.length(1);

      const other = new Visitor();
      await passSandbox(other, await other.open(at('/profile')), ADA);
      const waiting = await other.open(at('/account'));
      expect(waiting.text).to.include('Approve sign-in request');
      const out = await other.fetch(at('/account/sign-out-everywhere'), {
        method: 'POST',
        headers: { accept: 'text/html', 'sec-fetch-dest': 'document' },
      });
      expect(out.status).to.equal(200);
      const { trail } = await visitor.open(at('/profile'));
      expect(trail.some(({ pathname }) => pathname.endsWith('/authorize'))).to.equal(true);
    } finally {
      await site.close();
      await sandbox.close();
    }
  });
});
