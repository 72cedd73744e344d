/** Starts the sandbox and the site beside it, and says which URL to open: `npm run demo`. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, openSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { homeTenant } from './sandbox/directory.ts';
import { otherHost } from './sandbox/other-host.ts';
import { demoApp } from './sandbox/sandbox-options.ts';
import { type Sandbox, startSandbox } from './sandbox/start-sandbox.ts';

const USAGE = `Usage: npm run demo -- [--site-port PORT] [--sandbox-port PORT]
  --site-port     where the site listens, 4000 by default (or SITE_PORT)
  --sandbox-port  where the sandbox listens, 4400 by default (or SANDBOX_PORT)
DEMO_STATE names the directory for what the site keeps, .local/demo by default.`;

const START_MS = 30_000;
const STOP_MS = 12_000;
const root = join(import.meta.dirname, '..');

/** What ends the demo with a sentence instead of a stack. */
class DemoFailed extends Error {}

interface Ports {
  readonly site: number;
  readonly sandbox: number;
}

function readPort(what: string, given: string): number {
  const port = Number(given);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new DemoFailed(`${given} is not a port for the ${what}.\n${USAGE}`);
}

const options = {
  'site-port': { type: 'string' },
  'sandbox-port': { type: 'string' },
  help: { type: 'boolean' },
} as const;

function readArguments() {
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    // An option that does not exist, or one without its value.
    throw new DemoFailed(`${error instanceof Error ? error.message : error}\n${USAGE}`);
  }
}

function readPorts(): Ports | undefined {
  const values = readArguments();
  if (values.help) return undefined;
  const site = values['site-port'] ?? process.env['SITE_PORT'] ?? '4000';
  const sandbox = values['sandbox-port'] ?? process.env['SANDBOX_PORT'] ?? '4400';
  return { site: readPort('site', site), sandbox: readPort('sandbox', sandbox) };
}

/** Turns a busy port into words. */
function explain(error: unknown, what: 'site' | 'sandbox', port: number): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code !== 'EADDRINUSE' && code !== 'EACCES') return error;
  const free = port < 65_000 ? port + 100 : port - 100;
  return new DemoFailed(
    `Port ${port}, for the ${what}, is ${code === 'EACCES' ? 'not allowed' : 'busy'}. ` +
      `Stop what listens there, or choose another: npm run demo -- --${what}-port ${free} ` +
      `(or ${what.toUpperCase()}_PORT=${free} npm run demo).`,
  );
}

async function expectFree(port: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const probe = createServer().once('error', reject);
  probe.listen(port, '127.0.0.1', () => probe.close(() => resolve()));
  await promise;
}

function siteEnvironment(ports: Ports, sandbox: Sandbox, stateDirectory: string) {
  // Settings meant for another site, in the shell's environment, stay out of the demo; more APIs may come.
  const inherited = Object.entries(process.env).filter(
    ([name]) => !name.includes('__') || name.startsWith('DownstreamApis__'),
  );
  return {
    ...Object.fromEntries(inherited),
    Site__PublicUrl: `http://localhost:${ports.site}`,
    Site__Port: String(ports.site),
    AzureAd__Instance: sandbox.url,
    AzureAd__TenantId: 'common',
    AzureAd__ClientId: demoApp.clientId,
    AzureAd__ClientSecret: demoApp.secrets[0],
    DownstreamApis__Graph__BaseUrl: sandbox.graphUrl,
    DownstreamApis__Graph__RelativePath: 'me',
    DownstreamApis__Graph__Scopes: 'User.Read',
    DownstreamApis__Graph__RedirectHosts: otherHost(new URL(sandbox.url), '/').host,
    DownstreamApis__Graph__Gateway__0__Methods__0: 'GET',
    DownstreamApis__Graph__Gateway__0__Path: '/me',
    DownstreamApis__Graph__Gateway__1__Methods__0: 'GET',
    DownstreamApis__Graph__Gateway__1__Path: '/me/photo/$value',
    DownstreamApis__Graph__Gateway__2__Methods__0: 'GET',
    DownstreamApis__Graph__Gateway__2__Path: '/me/messages',
    DownstreamApis__Graph__Gateway__2__Scopes: 'Mail.Read',
    DownstreamApis__Graph__Gateway__3__Methods__0: 'PUT',
    DownstreamApis__Graph__Gateway__3__Path: '/me/drive/root:/*/content',
    DownstreamApis__Graph__Gateway__3__Scopes: 'Files.ReadWrite',
    DownstreamApis__Todos__BaseUrl: sandbox.todoUrl,
    DownstreamApis__Todos__RelativePath: 'todos',
    DownstreamApis__Todos__Scopes: `${sandbox.todoResource}/Todos.Read`,
    DownstreamApis__Todos__Gateway__0__Methods__0: 'GET',
    DownstreamApis__Todos__Gateway__0__Path: '/todos',
    DownstreamApis__Todos__Gateway__1__Methods__0: 'POST',
    DownstreamApis__Todos__Gateway__1__Methods__1: 'PATCH',
    DownstreamApis__Todos__Gateway__1__Methods__2: 'DELETE',
    DownstreamApis__Todos__Gateway__1__Path: '/todos/**',
    DownstreamApis__Todos__Gateway__1__Scopes: `${sandbox.todoResource}/Todos.ReadWrite`,
    TokenCache__Store: `sqlite:${join(stateDirectory, 'demo.sqlite')}`,
  };
}

async function waitUntilLive(url: string, site: ChildProcess): Promise<void> {
  const deadline = Date.now() + START_MS;
  while (Date.now() < deadline) {
    if (site.exitCode !== null || site.signalCode !== null) {
      throw new DemoFailed('The site did not start; it says why above.');
    }
    try {
      const signal = AbortSignal.timeout(2000);
      if ((await fetch(`${url}/health/live`, { signal })).ok) return;
    } catch {
      // Not listening yet.
    }
    await delay(100);
  }
  throw new DemoFailed(`The site did not answer within ${START_MS / 1000} seconds.`);
}

function announce(url: string, sandbox: Sandbox, logFile: string): void {
  const people = sandbox.users.map((user) => {
    return `    ${user.name.padEnd(20)}${user.username.padEnd(26)}${homeTenant(user).name}`;
  });
  console.log(`
  Open ${url}/

  and sign in as one of these people, with any password:
${people.join('\n')}

  Make faults on purpose:  ${sandbox.operatorUrl}
  The site's log:          ${logFile}
  Stop both:               Ctrl-C
`);
}

async function run(ports: Ports): Promise<void> {
  await expectFree(ports.site).catch((error: unknown) => {
    throw explain(error, 'site', ports.site);
  });
  const url = `http://localhost:${ports.site}`;
  const app = { ...demoApp, frontChannelLogoutUrl: `${url}/signout-oidc` };
  const sandbox = await startSandbox({ port: ports.sandbox, apps: [app] }).catch((error) => {
    throw explain(error, 'sandbox', ports.sandbox);
  });
  const stateDirectory = process.env['DEMO_STATE'] ?? join(root, '.local', 'demo');
  mkdirSync(stateDirectory, { recursive: true });
  const logFile = join(stateDirectory, 'site.log');
  // Its own process group: Ctrl-C reaches it once, from here, and not from the terminal as well.
  const site = spawn(process.execPath, [join(root, 'src', 'main.ts')], {
    cwd: stateDirectory,
    env: siteEnvironment(ports, sandbox, stateDirectory),
    stdio: ['ignore', openSync(logFile, 'w'), 'inherit'],
    detached: true,
  });
  const ended = new Promise<void>((resolve) => site.once('exit', () => resolve()));
  let stopping = false;
  const stop = (): void => {
    stopping = true;
    site.kill('SIGTERM');
    setTimeout(() => site.kill('SIGKILL'), STOP_MS).unref();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
  try {
    await waitUntilLive(url, site);
    announce(url, sandbox, logFile);
    await ended;
    if (!stopping) throw new DemoFailed(`The site ended by itself; its log is ${logFile}.`);
  } catch (error) {
    // Stopped while it was starting: nothing failed.
    if (!stopping) throw error;
  } finally {
    stop();
    await ended;
    await sandbox.close();
  }
}

try {
  const ports = readPorts();
  if (ports) await run(ports);
  else console.log(USAGE);
} catch (error) {
  // What the person can mend is said in words; anything else is a defect and keeps its stack.
  console.error(error instanceof DemoFailed ? error.message : error);
  process.exitCode = 1;
}
