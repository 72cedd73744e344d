/** The whole site in this process, on a real port, before a sandbox of its own: for tests of the flows. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { demoApp } from '../../scripts/sandbox/sandbox-options.ts';
import { type Sandbox, startSandbox } from '../../scripts/sandbox/start-sandbox.ts';
import { createApp } from '../../src/app.ts';
import { loadSettings } from '../../src/config/load-settings.ts';
import { createLog } from '../../src/log.ts';
import type { AddRoutes } from '../../src/web/create-web.ts';
import { aFolder, freePort } from './site-process.ts';
import type { Page, Visitor } from './visitor.ts';

export interface Site {
  readonly url: string;
  /** The lines of its log. */
  readonly lines: string[];
  close(): Promise<void>;
}

/** The environment that points a site at a sandbox, as the demo does. */
export function sandboxEnvironment(sandbox: Sandbox, port: number): Record<string, string> {
  return {
    Site__PublicUrl: `http://localhost:${port}`,
    Site__Port: String(port),
    AzureAd__Instance: sandbox.url,
    AzureAd__TenantId: 'common',
    AzureAd__ClientId: demoApp.clientId,
    AzureAd__ClientSecret: demoApp.secrets[0] ?? '',
    DownstreamApis__Graph__BaseUrl: sandbox.graphUrl,
    DownstreamApis__Graph__Scopes: 'User.Read',
    DownstreamApis__Graph__Gateway__0__Methods: 'GET',
    DownstreamApis__Graph__Gateway__0__Path: '/me',
    DownstreamApis__Graph__Gateway__1__Methods: 'GET',
    DownstreamApis__Graph__Gateway__1__Path: '/me/photo/*',
    DownstreamApis__Graph__Gateway__2__Methods: 'GET',
    DownstreamApis__Graph__Gateway__2__Path: '/me/messages',
    DownstreamApis__Graph__Gateway__2__Scopes: 'Mail.Read',
    DownstreamApis__Todos__BaseUrl: sandbox.todoUrl,
    DownstreamApis__Todos__RelativePath: '/todos',
    DownstreamApis__Todos__Scopes: `${sandbox.todoResource}/Todos.ReadWrite`,
    DownstreamApis__Todos__Gateway__0__Methods__0: 'GET',
    DownstreamApis__Todos__Gateway__0__Methods__1: 'POST',
    DownstreamApis__Todos__Gateway__0__Path: '/todos',
  };
}

/** Starts the site with these settings, all from the environment. */
export async function startSite(env: Record<string, string>, addRoutes?: AddRoutes): Promise<Site> {
  const port = Number(env['Site__Port'] ?? (await freePort()));
  const { settings } = loadSettings({ env, directory: aFolder() });
  const lines: string[] = [];
  const app = await createApp(
    settings,
    createLog('debug', (line) => lines.push(line)),
    addRoutes,
  );
  const server = createServer(app.callback).listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://localhost:${port}`,
    lines,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await app.close();
    },
  };
}

/** A sandbox and a site that uses it. */
export async function startSandboxedSite(
  env: Record<string, string> = {},
  addRoutes?: AddRoutes,
): Promise<{ site: Site; sandbox: Sandbox }> {
  const sandbox = await startSandbox();
  const port = await freePort();
  const site = await startSite({ ...sandboxEnvironment(sandbox, port), ...env }, addRoutes);
  return { site, sandbox };
}

/** Goes through the sandbox's pages as `username` until they lead back to the site, or to `end`. */
export async function passSandbox(
  visitor: Visitor,
  page: Page,
  username: string,
  decision: 'accept' | 'cancel' = 'accept',
  end?: 'continue',
): Promise<Page> {
  const steps = [
    ...[`account-${username}`, `person-${username}`, 'sign-in', 'approve', decision],
    ...['other-account', 'continue'],
  ];
  let at = page;
  for (let step = 0; step < 12; step += 1) {
    const next = steps.find((name) => at.text.includes(`data-test="${name}"`));
    if (!next || next === end) return at;
    const fields = next === decision ? { decision } : {};
    at = await visitor.submit(at, `data-test="${next}"`, fields);
  }
  throw new Error(`the sandbox does not come to an end: ${at.url}`);
}
