/** The audit log and the hooks of the whole site: what a person does comes out in order, documented and without secrets. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { z } from 'zod';
import type { Sandbox } from '../../scripts/sandbox/start-sandbox.ts';
import { documentedEvents } from '../../src/audit-events.ts';
import { passSandbox, type Site, startSandboxedSite } from '../support/site.ts';
import { aFolder } from '../support/site-process.ts';
import { type Page, Visitor } from '../support/visitor.ts';

const ADA = 'ada@contoso.example';
const BEN = 'ben@contoso.example';

const lineSchema = z.looseObject({ audit: z.boolean().optional(), event: z.string().optional() });
const HOOKS = `
  import { appendFileSync } from 'node:fs';
  const tell = (facts: unknown) => appendFileSync(new URL('told.txt', import.meta.url), JSON.stringify(facts) + '\\n');
  export const onSignIn = ({ username }: { username: string }, { tid }: Record<string, unknown>) => {
    tell(['onSignIn', username, typeof tid]);
    return username.startsWith('ben') ? { refuse: 'Ben is on leave.' } : { roles: ['reader'] };
  };
  export const onSignOut = ({ id }: { id: string }, kind: string) => tell(['onSignOut', id, kind]);
  export const onSignInFailed = ({ reason }: { reason: string }) => tell(['onSignInFailed', reason]);
`;

describe('A site that is audited', () => {
  let site: Site;
  let sandbox: Sandbox;
  let visitor: Visitor;
  let folder: string;
  /** Whatever opens something, as it went over the wire. */
  let secrets: Set<string>;

  beforeEach(async () => {
    folder = aFolder();
    writeFileSync(join(folder, 'hooks.ts'), HOOKS);
    ({ site, sandbox } = await startSandboxedSite({ Site__Hooks: join(folder, 'hooks.ts') }));
    visitor = new Visitor();
    secrets = new Set();
  });
  afterEach(async () => {
    await site.close();
    await sandbox.close();
  });

  const audited = () =>
    site.lines
      .map((line) => lineSchema.parse(JSON.parse(line)))
      .filter(({ audit }) => audit === true);
  const told = () =>
    readFileSync(join(folder, 'told.txt'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));

  function noting(page: Page): Page {
    for (const url of page.trail) {
      for (const [name, value] of url.searchParams) {
        if (/code|state|nonce|hint|session/.test(name) && value.length > 8) secrets.add(value);
      }
    }
    for (const pair of visitor.cookies(site.url).split('; ')) {
      const [, value = ''] = pair.split('=');
      if (value.length > 8) secrets.add(value);
    }
    return page;
  }
  const open = async (path: string) => noting(await visitor.open(`${site.url}${path}`));
  const pass = async (page: Page, username: string, decision?: 'cancel') =>
    noting(await passSandbox(visitor, page, username, decision));

  it('tells what a person did, and each event has its documented fields', async () => {
    await pass(await open('/profile'), ADA);
    await pass(await open('/mail'), ADA, 'cancel');
    await pass(await open('/mail'), ADA);
    sandbox.controls.revoke(ADA);
    await open('/apis/todos');
    noting(await visitor.submit(await open('/account'), 'aria-label="Remove'));
    noting(await visitor.submit(await open('/'), 'action="/sign-out"'));
    await open('/signin-oidc?code=stolen-code-1&state=stolen-state-1');

    expect(
      audited().map(({ event, how, reason, decision, kind }) =>
        [event, how ?? reason ?? decision ?? kind].join(' ').trim(),
      ),
    ).to.deep.equal([
      ...['sign_in new_session', 'refresh_failed consent', 'consent refused'],
      ...['sign_in_failed declined', 'sign_in renewal', 'consent given'],
      ...['refresh_failed refresh-token-dead', 'tokens_removed'],
      ...['sign_out here', 'sign_in_failed transaction-missing'],
    ]);
    for (const { event = '', audit: _, level, time: __, ...facts } of audited()) {
      const documented = Object.entries(documentedEvents).find(([name]) => name === event)?.[1];
      const fields = Object.entries(documented?.fields ?? {});
      const always = fields.filter(([, presence]) => presence === 'always').map(([name]) => name);
      expect(level, event).to.equal(30);
      expect(Object.keys(facts), event).to.include.members(always);
      expect(
        fields.map(([name]) => name),
        event,
      ).to.include.members(Object.keys(facts));
    }
    const ada = sandbox.users.find(({ username }) => username === ADA);
    const id = `${ada?.id}.${ada?.homeTenantId}`;
    const of = (name: string) => audited().filter(({ event }) => event === name);
    for (const name of ['sign_in', 'consent', 'refresh_failed', 'sign_out', 'tokens_removed']) {
      expect(of(name)[0], name).to.include({ account: id });
    }
    expect(of('refresh_failed')[1]).to.deep.include({
      error: 'invalid_grant',
      errorCodes: [50173],
    });
    const [first, second] = of('sign_in').map(({ session }) => session);
    expect(first)
      .to.match(/^[0-9a-f]{12}$/)
      .and.not.equal(second);
    expect(of('sign_out')[0]?.['session']).to.equal(second);

    const written = JSON.stringify(audited());
    expect(secrets.size).to.be.above(8);
    for (const secret of [...secrets, ADA, 'Ada', 'stolen', 'eyJ']) {
      expect(written).not.to.include(secret);
    }
  });

  it('asks its hooks at each sign-in, keeps nothing of one refused, and tells them of the rest', async () => {
    await pass(await open('/profile'), ADA);
    noting(await visitor.submit(await open('/'), 'action="/sign-out"'));
    visitor = new Visitor();
    const refused = await pass(await open('/profile'), BEN);
    expect(refused.status).to.equal(400);
    expect(refused.text).to.include('Ben is on leave.').and.include('You were not let in');
    expect((await open('/')).text).not.to.include('Hello,');
    const idOf = (name: string) => {
      const user = sandbox.users.find(({ username }) => username === name);
      return `${user?.id}.${user?.homeTenantId}`;
    };
    expect(told()).to.deep.equal([
      ['onSignIn', ADA, 'string'],
      ['onSignOut', idOf(ADA), 'here'],
      ['onSignIn', BEN, 'string'],
      ['onSignInFailed', 'refused-by-site'],
    ]);
    const [last] = audited().slice(-1);
    expect(last).to.include({ reason: 'refused-by-site', account: idOf(BEN) });
  });
});
