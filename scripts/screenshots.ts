/** Takes a picture of every page, light, dark and narrow, with a sandbox: `npm run screenshots -- [FOLDER]`. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Page, selectors } from 'playwright-core';
import { requireGroup } from '../src/web/middleware/require-group.ts';
import { requireRole } from '../src/web/middleware/require-role.ts';
import { launchChromium } from '../test/support/chromium.ts';
import { exampleRules } from '../test/support/example-rules.ts';
import { startSandboxedSite } from '../test/support/site.ts';
import { tenants } from './sandbox/directory.ts';
import { guidOf } from './sandbox/guid-of.ts';
import { demoApp } from './sandbox/sandbox-options.ts';

const folder = process.argv[2] ?? 'screenshots';
mkdirSync(folder, { recursive: true });
selectors.setTestIdAttribute('data-test');

/** An organisation whose people this site does not let in. */
const refused = tenants.find(({ domain }) => domain === 'fabrikam.example')?.id ?? '';
const environment = { ...exampleRules, AzureAd__DeniedTenants__0: refused };
const { site, sandbox } = await startSandboxedSite(environment, (router) => {
  router.get('/reports', requireRole('Reports.Reader'));
  router.get('/planning', requireGroup(guidOf('Planning'), guidOf('Logistics')));
});
const browser = await launchChromium();

const looks = {
  light: { viewport: { width: 1100, height: 760 } },
  dark: { viewport: { width: 1100, height: 760 }, colorScheme: 'dark' },
  narrow: { viewport: { width: 390, height: 760 } },
} as const;

for (const [look, options] of Object.entries(looks)) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const keep = async (name: string): Promise<void> => {
    await page.screenshot({ path: join(folder, `${name}-${look}.png`), fullPage: true });
  };
  sandbox.controls.revokeConsents('ada@contoso.example');
  await tour(page, keep);
  await context.close();
}
await browser.close();
await site.close();
await sandbox.close();
console.log(`The pictures are in ${folder}/`);

async function tour(page: Page, keep: (name: string) => Promise<void>): Promise<void> {
  const open = (path: string) => page.goto(`${site.url}${path}`);
  await open('/');
  await keep('home-signed-out');
  await open('/profile');
  await keep('sandbox-sign-in');
  await page.getByTestId('person-ada@contoso.example').click();
  await keep('sandbox-password');
  await page.getByTestId('sign-in').click();
  await keep('sandbox-consent');
  await page.getByTestId('accept').click();
  await page.waitForURL(`${site.url}/profile`);
  await keep('profile');
  await open('/');
  await keep('home');
  await open('/mail');
  await page.getByTestId('cancel').click();
  await page.waitForURL(/signin-oidc/);
  await keep('declined');
  for (const [path, name] of [
    ['/mail', 'mail'],
    ['/calendar', 'calendar'],
    ['/files', 'files'],
    ['/people', 'people'],
    ['/apis/Todos', 'api'],
  ] as const) {
    await open(path);
    await page.getByTestId('accept').click();
    await page.waitForURL(`${site.url}${path}`);
    await keep(name);
  }
  await tourGraph(page, keep);
  await tourExample(page, keep);
  const phone = await signInOnPhone();
  await open('/account');
  await keep('account');
  await page.getByRole('button', { name: /^Refresh now: Todos/ }).click();
  await page.waitForURL(/done=/);
  await keep('account-refreshed');
  await phone.getByRole('button', { name: 'Sign out' }).click();
  await phone.waitForURL(/sign-out/);
  await phone.context().close();
  await addBen(page);
  await keep('account-of-two');
  for (const [path, name] of [
    ['/reports', 'role-missing'],
    ['/planning', 'group-missing'],
  ] as const) {
    await open(path);
    await page.getByRole('heading', { name: /^You need/ }).waitFor();
    await keep(name);
  }
  await open('/account');
  await page.getByRole('button', { name: 'Sign out Ben' }).click();
  await keep('signed-out-of-one');
  await open('/');
  await keep('home-choose');
  await page.getByRole('button', { name: 'Go on as Ada' }).click();
  await page.waitForURL(/done=/);
  await open('/nowhere');
  await keep('not-found');
  sandbox.controls.outage('graph', '500');
  await open('/profile');
  await keep('api-failed');
  sandbox.controls.mendAll();
  sandbox.controls.expireAccessTokens();
  sandbox.controls.outage('authority', '503json');
  await open('/apis/Todos');
  await keep('authority-away');
  sandbox.controls.mendAll();
  await page.goto(sandbox.operatorUrl);
  await keep('sandbox-operator');
  await open('/');
  await page.route('**/logout?**', (route) => route.abort());
  await page.getByRole('button', { name: /sign out/i }).click();
  await page.waitForURL(/sign-out/);
  await keep('signing-out');
  await page.unroute('**/logout?**');
  await open('/signout-callback-oidc');
  await keep('signed-out');
  await tourRefusals(page, keep);
}

/** Who is not let in, and a site that cannot prove who it is. */
async function tourRefusals(page: Page, keep: (name: string) => Promise<void>): Promise<void> {
  const signIn = async (username: string) => {
    await page.context().clearCookies();
    await page.goto(`${site.url}/profile`);
    await page.getByTestId(`person-${username}`).click();
    await page.getByTestId('sign-in').click();
  };
  await signIn('dan@fabrikam.example');
  const consent = page.getByTestId('accept');
  await consent.or(page.getByRole('heading', { name: /not open/ })).waitFor();
  if (await consent.isVisible()) await consent.click();
  await page.getByRole('heading', { name: /not open/ }).waitFor();
  await keep('organisation-refused');
  const [secret = ''] = demoApp.secrets;
  sandbox.controls.credentials.removeSecret(demoApp.clientId, secret);
  await signIn('ben@contoso.example');
  await page.getByRole('heading', { name: /not set up/ }).waitFor();
  await keep('not-set-up');
  sandbox.controls.credentials.addSecret(demoApp.clientId, secret);
  // So long the site asks nothing of an authority that has refused all its credentials.
  await delay(5500);
}

/** What Graph shows besides, and the writing of mail. */
async function tourGraph(page: Page, keep: (name: string) => Promise<void>): Promise<void> {
  const open = (path: string) => page.goto(`${site.url}${path}`);
  await open('/');
  await keep('home-permitted');
  sandbox.controls.outage('graph', '503json');
  await open('/');
  await keep('home-graph-away');
  sandbox.controls.mendAll();
  await open('/mail?q=payslip');
  await keep('mail-search');
  await open('/files');
  await page.getByRole('link', { name: 'Photos', exact: true }).click();
  await page.getByRole('heading', { name: 'Photos' }).waitFor();
  await keep('files-folder');
  await open('/groups');
  await keep('groups');
  await open('/mail/send');
  await keep('mail-send-offer');
  await page.getByRole('link', { name: 'Permit sending' }).click();
  await page.getByTestId('accept').click();
  await page.waitForURL(`${site.url}/mail/send`);
  await page.getByLabel('To').fill('nobody');
  await page.getByLabel('Message').fill('Buy leeks and potatoes.');
  await page.getByRole('button', { name: 'Send' }).click();
  await page.getByText('is no mail address').waitFor();
  await keep('mail-send-faults');
  await page.getByLabel('To').fill('ada@contoso.example');
  await page.getByLabel('Subject').fill('Note to self');
  await page.getByRole('button', { name: 'Send' }).click();
  await page.waitForURL(/done=sent/);
  await keep('mail-sent');
}

/** The page with scripts: its list, a permission that is missing, and an upload on its way. */
async function tourExample(page: Page, keep: (name: string) => Promise<void>): Promise<void> {
  await page.goto(`${site.url}/example`);
  await page.getByRole('checkbox').first().waitFor();
  await keep('example');
  await page.getByLabel('New to-do').fill('Call the carrier about the delay');
  await page.getByRole('button', { name: 'Add' }).click();
  await page.getByRole('link', { name: 'Give permission' }).waitFor();
  const devTools = await page.context().newCDPSession(page);
  const network = { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 400_000 };
  await devTools.send('Network.emulateNetworkConditions', network);
  const buffer = Buffer.alloc(2_000_000);
  const file = { name: 'Floor plan.pdf', mimeType: 'application/pdf', buffer };
  await page.getByLabel('A file for your drive').setInputFiles(file);
  await page.getByRole('button', { name: 'Upload' }).click();
  await page.locator('progress:not([value="0"])').waitFor();
  await delay(1500);
  await keep('example-under-way');
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.getByText('Cancelled').waitFor();
}

/** A second session of the same person, for the account page. */
async function signInOnPhone(): Promise<Page> {
  const userAgent =
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1';
  const context = await browser.newContext({ userAgent });
  const page = await context.newPage();
  await page.goto(`${site.url}/sign-in`);
  await page.getByTestId('person-ada@contoso.example').click();
  await page.getByTestId('sign-in').click();
  await page.waitForURL(`${site.url}/`);
  return page;
}

/** A second account in the same browser. */
async function addBen(page: Page): Promise<void> {
  await page.getByRole('link', { name: 'Add another account' }).click();
  await page.getByTestId('other-account').click();
  await page.getByTestId('person-ben@contoso.example').click();
  await page.getByTestId('sign-in').click();
  const accept = page.getByTestId('accept');
  const heading = page.getByRole('heading', { name: 'Your account' });
  await accept.or(heading).waitFor();
  if (await accept.isVisible()) await accept.click();
  await heading.waitFor();
}
