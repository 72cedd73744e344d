/** The example page in a real browser: scripts that call APIs without a token, and what they meet. */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { type Browser, type BrowserContext, type Page, selectors } from 'playwright-core';
import { todos as todoResource } from '../../scripts/sandbox/resources.ts';
import { demoApp } from '../../scripts/sandbox/sandbox-options.ts';
import type { Sandbox } from '../../scripts/sandbox/start-sandbox.ts';
import { launchChromium } from '../support/chromium.ts';
import { exampleRules } from '../support/example-rules.ts';
import { type Site, startSandboxedSite } from '../support/site.ts';
import { aFolder } from '../support/site-process.ts';

const ADA = 'ada@contoso.example';
const BEN = 'ben@contoso.example';
const MEGABYTE = 1024 * 1024;
/** Nothing is repeated on the server, so that what the page does is seen. */
const NO_RETRIES = { DownstreamApis__Todos__MaxRetries: '0' };

describe('The example page', function () {
  this.timeout(60_000);
  let browser: Browser;
  let site: Site;
  let sandbox: Sandbox;
  let page: Page;
  const contexts: BrowserContext[] = [];
  const closers: (() => Promise<void>)[] = [];
  /** What the console said that no answer's status explains. */
  const complaints: string[] = [];

  before(async () => {
    selectors.setTestIdAttribute('data-test');
    browser = await launchChromium();
  });
  after(() => browser.close());

  afterEach(async () => {
    for (const context of contexts.splice(0)) await context.close();
    for (const close of closers.splice(0)) await close();
    expect(complaints.splice(0)).to.deep.equal([]);
  });

  async function open(env: Record<string, string> = {}): Promise<void> {
    ({ site, sandbox } = await startSandboxedSite({ ...exampleRules, ...env }));
    closers.push(site.close, sandbox.close);
    const context = await browser.newContext();
    contexts.push(context);
    context.setDefaultTimeout(10_000);
    page = await context.newPage();
    watch(page);
  }

  function watch(watched: Page): void {
    watched.on('pageerror', (error) => complaints.push(error.message));
    watched.on('console', (message) => {
      const isOfAnswer = /Failed to load resource/.test(message.text());
      if (message.type() !== 'log' && !isOfAnswer) complaints.push(message.text());
    });
  }

  /** Someone for whom everything that the page asks for is allowed already. */
  async function openSignedIn(env: Record<string, string> = {}): Promise<void> {
    await open(env);
    const graph = ['User.Read', 'Files.ReadWrite'].map(
      (scope) => `https://graph.microsoft.com/${scope}`,
    );
    const own = ['Todos.Read', 'Todos.ReadWrite'].map((scope) => `${todoResource.uri}/${scope}`);
    sandbox.controls.consentForOrganisation(
      'contoso.example',
      [...graph, ...own, 'openid', 'profile', 'offline_access'],
      demoApp.clientId,
    );
    await page.goto(at('/sign-in?returnTo=/example'));
    await identify(ADA);
    await page.waitForURL(at('/example'));
  }

  async function identify(username: string, where = page): Promise<void> {
    await where.getByTestId(`person-${username}`).click();
    await where.getByTestId('sign-in').click();
  }

  const at = (path: string) => `${site.url}${path}`;
  const todos = () => page.getByRole('region', { name: 'To-dos' });
  const upload = () => page.getByRole('region', { name: 'Upload' });
  const status = () => todos().getByRole('status');
  const uploadStatus = () => upload().getByRole('status');
  const item = (title: string) => todos().getByRole('listitem').filter({ hasText: title });
  const field = () => todos().getByLabel('New to-do');
  const add = () => todos().getByRole('button', { name: 'Add' }).click();
  const says = (text: string | RegExp) => status().filter({ hasText: text }).waitFor();
  const uploadSays = (text: string | RegExp) => uploadStatus().filter({ hasText: text }).waitFor();
  const accept = () => page.getByTestId('accept').click();
  const written = () =>
    sandbox.requests.filter(({ endpoint, method }) => endpoint === 'todo' && method !== 'GET');

  async function choose(file: string): Promise<void> {
    await upload().getByLabel('A file for your drive').setInputFiles(file);
    await upload().getByRole('button', { name: 'Upload' }).click();
  }

  it('lists, adds, ticks and deletes to-dos, and what it shows is what the API has', async () => {
    await openSignedIn();
    await item('Confirm the delivery slot').waitFor();
    expect(await todos().getByRole('listitem').count()).to.equal(4);

    await field().fill('Call <b>the</b> carrier & ask');
    await field().press('Enter');
    await says('Added: Call <b>the</b> carrier & ask');
    expect(await field().inputValue()).to.equal('');
    await item('Confirm the delivery slot').getByRole('checkbox').press('Space');
    await says('Done: Confirm the delivery slot');
    await todos().getByRole('button', { name: 'Delete: Book the meeting room' }).click();
    await says('Deleted: Book the meeting room');

    await page.reload();
    await item('Call <b>the</b> carrier & ask').waitFor();
    expect(await todos().getByRole('listitem').count()).to.equal(4);
    const box = item('Confirm the delivery slot').getByRole('checkbox');
    expect(await box.isChecked()).to.equal(true);
    expect(await item('Book the meeting room').count()).to.equal(0);
  });

  it('offers a sign-in in place when the session has ended, and comes back with what was typed', async () => {
    await openSignedIn();
    await item('Confirm the delivery slot').waitFor();
    const other = await page.context().newPage();
    await other.goto(at('/account'));
    await other.getByRole('button', { name: 'Sign out of this browser' }).click();
    await other.waitForURL(/signout-callback-oidc/);
    await page.bringToFront();

    await field().fill('Call the carrier');
    await add();
    await says('You are not signed in');
    expect(written()).to.have.length(0);
    expect(await field().inputValue()).to.equal('Call the carrier');
    await status().getByRole('link', { name: 'Sign in' }).click();
    await identify(ADA);
    await page.waitForURL(at('/example'));
    await says('You are back');
    expect(await field().inputValue()).to.equal('Call the carrier');
    expect(written()).to.have.length(0);
    await add();
    await says('Added: Call the carrier');
    expect(written().map(({ status }) => status)).to.deep.equal([201]);
    await page.reload();
    await item('Call the carrier').waitFor();
    expect(await field().inputValue()).to.equal('');
  });

  it('finds out that the session has ended before it sends a large file', async () => {
    await openSignedIn();
    await item('Confirm the delivery slot').waitFor();
    await page.context().clearCookies();
    const sent: string[] = [];
    page.on('request', (request) => sent.push(`${request.method()} ${request.url()}`));
    await choose(aFile('plan.bin', 12 * MEGABYTE));
    await uploadSays('You are not signed in');
    expect(await uploadStatus().getByRole('link', { name: 'Sign in' }).isVisible()).to.equal(true);
    expect(sent).to.deep.equal([`GET ${at('/api/session')}`]);
  });

  it('keeps what was typed for nobody else', async () => {
    await openSignedIn();
    await item('Confirm the delivery slot').waitFor();
    await page.context().clearCookies();
    await field().fill('A secret of Ada');
    await add();
    await status().getByRole('link', { name: 'Sign in' }).click();
    await identify(BEN);
    await page.waitForURL(at('/example'));
    await item('Confirm the delivery slot').waitFor();
    expect(await field().inputValue()).to.equal('');
    expect(await page.evaluate(() => JSON.stringify(sessionStorage))).to.equal('{}');
  });

  it('asks for each permission when it is needed, in place, and then does what was wanted', async () => {
    await open();
    await page.goto(at('/example?from=here'));
    await says('You are not signed in');
    await status().getByRole('link', { name: 'Sign in' }).click();
    await identify(ADA);
    await accept();
    await page.waitForURL(at('/example?from=here'));
    await says('This needs your permission first');
    await status().getByRole('link', { name: 'Give permission' }).click();
    expect(await page.locator('body').innerText()).to.include('Read your to-dos');
    await accept();
    await page.waitForURL(at('/example?from=here'));
    await item('Confirm the delivery slot').waitFor();

    await field().fill('Call the carrier');
    await add();
    await status().getByRole('link', { name: 'Give permission' }).click();
    await accept();
    await page.waitForURL(at('/example?from=here'));
    await says('You are back');
    await add();
    await says('Added: Call the carrier');

    await choose(aFile('plan.bin', 12 * MEGABYTE));
    await uploadSays('This needs your permission first');
    expect(await item('Call the carrier').count()).to.equal(1);
    await uploadStatus().getByRole('link', { name: 'Give permission' }).click();
    await accept();
    await page.waitForURL(at('/example?from=here'));
    await choose(aFile('plan.bin', 1000));
    await uploadSays('Uploaded: plan.bin');
  });

  it('goes on by itself where the same person has signed in anew', async () => {
    await openSignedIn();
    await item('Confirm the delivery slot').waitFor();
    const other = await page.context().newPage();
    await other.goto(at('/sign-in'));
    await other.getByTestId(`account-${ADA}`).click();
    await other.waitForURL(at('/'));
    await page.bringToFront();
    await field().fill('Call the carrier');
    await add();
    await says('Added: Call the carrier');
    expect(written()).to.have.length(1);
  });

  it('writes nothing for another account than the one it was made for', async () => {
    await openSignedIn();
    await item('Confirm the delivery slot').waitFor();
    const other = await page.context().newPage();
    await other.goto(at('/sign-in'));
    await other.getByTestId('other-account').click();
    await identify(BEN, other);
    await other.waitForURL(at('/'));
    await page.bringToFront();
    await field().fill('For the list of Ada');
    await add();
    await says('Another account is in use by now');
    const box = item('Confirm the delivery slot').getByRole('checkbox');
    await box.click();
    await says('Another account is in use by now');
    expect(await box.isChecked(), 'ticked in vain').to.equal(false);
    expect(written()).to.have.length(0);
  });

  it('shows a busy API as a wait and not as an error', async () => {
    await openSignedIn(NO_RETRIES);
    await item('Confirm the delivery slot').waitFor();
    sandbox.controls.throttle('todo', 1, 2);
    await field().fill('Call the carrier');
    await add();
    await says('The API is busy. Trying again in 2 s');
    await says('Added: Call the carrier');
    expect(written().map(({ status }) => status)).to.deep.equal([429, 201]);
  });

  it('does not wait longer than anyone would', async () => {
    await openSignedIn(NO_RETRIES);
    await item('Confirm the delivery slot').waitFor();
    sandbox.controls.throttle('todo', 1, 600);
    await field().fill('Call the carrier');
    await add();
    await says('The API answered 429');
    expect(await field().inputValue()).to.equal('Call the carrier');
    expect(written()).to.have.length(1);
  });

  it('repeats only what does no harm if it was done already', async () => {
    await openSignedIn();
    await item('Confirm the delivery slot').waitFor();
    const sent: string[] = [];
    const away = { status: 503, headers: { 'retry-after': '1' } };
    await page.route('**/api/Todos/**', async (route) => {
      sent.push(route.request().method());
      await (sent.length === 1 ? route.fulfill(away) : route.continue());
    });
    await field().fill('Call the carrier');
    await add();
    await says('The API answered 503');
    expect(sent.splice(0)).to.deep.equal(['POST']);
    await todos().getByRole('button', { name: 'Delete: Book the meeting room' }).click();
    await says('Deleted: Book the meeting room');
    expect(sent).to.deep.equal(['DELETE', 'DELETE']);
  });

  it('offers no link to another place, whoever names it', async () => {
    await openSignedIn();
    await item('Confirm the delivery slot').waitFor();
    for (const signInUrl of [
      'https://evil.example/sign-in',
      'javascript:alert(1)',
      '//evil.example',
    ]) {
      await page.unrouteAll();
      const contentType = 'application/problem+json';
      const body = JSON.stringify({ title: 'Please sign in', signInUrl });
      await page.route('**/api/Todos/**', (route) =>
        route.fulfill({ status: 401, contentType, body }),
      );
      await page.reload();
      await says('is not this site');
      expect(await status().getByRole('link').count()).to.equal(0);
    }
  });

  it('lets no text become HTML, and runs nothing but the files of this site', async () => {
    await openSignedIn();
    await item('Confirm the delivery slot').waitFor();
    const refusals = await page.evaluate(`[
      () => { document.body.innerHTML = '<b>bold</b>'; },
      () => { document.createElement('script').text = 'globalThis.ran = true'; },
      () => { globalThis.trustedTypes.createPolicy('any', {}); },
    ].map((attempt) => { try { attempt(); return 'done'; } catch (error) { return error.name; } })`);
    expect(refusals).to.deep.equal(['TypeError', 'TypeError', 'TypeError']);
    const isReached = await page.evaluate(
      `fetch('${sandbox.url}', { mode: 'no-cors' }).then(() => true, () => false)`,
    );
    expect(isReached).to.equal(false);
    expect(complaints.splice(0)).to.have.length.above(0);
  });

  it('says that one API is away, and the rest of the page works', async () => {
    await openSignedIn();
    await item('Confirm the delivery slot').waitFor();
    sandbox.controls.outage('todo', 'connection-reset');
    const box = item('Confirm the delivery slot').getByRole('checkbox');
    await box.click();
    await says(/Todos.*not/i);
    expect(await box.isChecked(), 'ticked in vain').to.equal(false);
    await choose(aFile('plan.bin', 1000));
    await uploadSays('Uploaded: plan.bin');

    await page.reload();
    await says(/Todos.*not/i);
    sandbox.controls.mendAll();
    sandbox.controls.outage('graph', '500');
    await page.reload();
    await item('Confirm the delivery slot').waitFor();
    await choose(aFile('plan.bin', 1000));
    await uploadSays('The API answered 500');
  });

  it('uploads a large file whole', async () => {
    await openSignedIn();
    await item('Confirm the delivery slot').waitFor();
    const [name, size] = ['Plän 100%.bin', 12 * MEGABYTE];
    const file = aFile(name, size);
    await choose(file);
    await uploadSays(`Uploaded: ${name}`);
    const sha256 = createHash('sha256').update(readFileSync(file)).digest('hex');
    expect(sandbox.uploads).to.deep.equal([{ username: ADA, name, size, sha256 }]);
  });

  it('shows how far an upload is, and cancelling it ends it at the API', async () => {
    const drive = await aDriveThatReadsOnly(MEGABYTE);
    closers.push(drive.close);
    await openSignedIn({ DownstreamApis__Graph__BaseUrl: drive.url });
    await item('Confirm the delivery slot').waitFor();
    const bar = upload().getByRole('progressbar');
    const cancel = upload().getByRole('button', { name: 'Cancel' });
    expect([await bar.isVisible(), await cancel.isVisible()]).to.deep.equal([false, false]);
    await choose(aFile('film.bin', 40 * MEGABYTE));
    const progress = async () => Number(await bar.getAttribute('value'));
    await until(async () => (await progress()) > 0.01);
    expect(await progress()).to.be.below(0.95);
    expect(drive.ends).to.deep.equal([]);

    // The rest of the page is not held up.
    await field().fill('Call the carrier');
    await field().press('Enter');
    await says('Added: Call the carrier');
    expect(await field().evaluate((input) => input.matches(':focus'))).to.equal(true);
    await cancel.press('Enter');
    await uploadSays('Cancelled: film.bin');
    drive.readOn();
    await until(async () => drive.ends.length > 0);
    expect(drive.ends).to.deep.equal(['broken off']);
    expect([await bar.isVisible(), await cancel.isVisible()]).to.deep.equal([false, false]);
    const send = upload().getByRole('button', { name: 'Upload' });
    expect(await send.evaluate((button) => button.matches(':focus'))).to.equal(true);
  });

  it('never gets a token, into its text, its storage or an answer', async () => {
    await open();
    const answers: string[] = [];
    page.on('response', (response) => {
      if (!response.url().startsWith(site.url)) return;
      answers.push(JSON.stringify(response.headers()));
      response.text().then(
        (text) => answers.push(text),
        // A redirect has none.
        () => undefined,
      );
    });
    await page.goto(at('/example'));
    await status().getByRole('link', { name: 'Sign in' }).click();
    await identify(ADA);
    await accept();
    await status().getByRole('link', { name: 'Give permission' }).click();
    await accept();
    await item('Confirm the delivery slot').waitFor();
    const held = [
      await page.content(),
      await page.evaluate(() => JSON.stringify([localStorage, sessionStorage])),
    ];
    const tokens = sandbox.requests.flatMap(({ endpoint, headers }) =>
      endpoint === 'todo' ? [String(headers['authorization']).slice('Bearer '.length)] : [],
    );
    expect(tokens).to.have.length.above(0);
    expect(answers.join()).to.include('csrfToken').and.include('delivery slot');
    for (const text of [...answers, ...held]) {
      // A JWT; a login hint begins so, too.
      expect(text).not.to.match(/eyJ[\w-]+\.eyJ/);
      for (const token of tokens) expect(text).not.to.include(token.slice(-40));
    }
  });
});

function aFile(name: string, size: number): string {
  const path = join(aFolder(), name);
  writeFileSync(path, randomBytes(size));
  return path;
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('it did not come true');
    await delay(20);
  }
}

/** An API that takes a little of each body and then waits, until it is told to read on. */
async function aDriveThatReadsOnly(bytes: number) {
  const ends: string[] = [];
  const waiting: IncomingMessage[] = [];
  const server = createServer((request: IncomingMessage) => {
    let read = 0;
    request.on('data', (chunk: Buffer) => {
      read += chunk.length;
      if (read < bytes || waiting.includes(request)) return;
      request.pause();
      waiting.push(request);
    });
    request.on('error', () => undefined);
    request.once('close', () => ends.push(request.complete ? 'whole' : 'broken off'));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('no port');
  const close = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  /** Whoever does not read does not notice an end either. */
  const readOn = () => {
    for (const request of waiting) request.resume();
  };
  return { url: `http://127.0.0.1:${address.port}`, ends, readOn, close };
}
