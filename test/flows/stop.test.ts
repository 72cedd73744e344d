/** The end of the process: it comes soon, loses no request under way, and passes through npm. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { expect } from 'chai';
import { type Sandbox, startSandbox } from '../../scripts/sandbox/start-sandbox.ts';
import { systemClock } from '../../src/clock.ts';
import { bareEnvironment } from '../support/bare-environment.ts';
import { passSandbox, sandboxEnvironment } from '../support/site.ts';
import { aFolder, freePort, type SiteProcess, startSiteProcess } from '../support/site-process.ts';
import { Visitor } from '../support/visitor.ts';

describe('On SIGTERM, the site', function () {
  this.timeout(30_000);
  let sandbox: Sandbox;
  let site: SiteProcess | undefined;

  beforeEach(async () => {
    sandbox = await startSandbox();
  });
  afterEach(async () => {
    await site?.stop('SIGKILL');
    await sandbox.close();
  });

  async function startSignedIn() {
    const port = await freePort();
    const started = await startSiteProcess(sandboxEnvironment(sandbox, port), port);
    site = started;
    const visitor = new Visitor();
    const profile = await visitor.open(`${started.url}/profile`);
    await passSandbox(visitor, profile, 'ada@contoso.example');
    return { started, visitor };
  }

  it('answers the request under way, and ends though its connection is kept alive', async () => {
    const { started, visitor } = await startSignedIn();
    sandbox.controls.setLatencyMs(500);
    const agent = new Agent({ keepAlive: true });
    const headers = { cookie: visitor.cookies(started.url), 'sec-fetch-dest': 'empty' };
    const request = get(`${started.url}/api/graph/me`, { agent, headers });
    const responding: Promise<IncomingMessage[]> = once(request, 'response');
    await systemClock.sleep(100);
    const stoppingAt = performance.now();
    const status = started.stop('SIGTERM');
    const [response] = await responding;
    expect(response?.statusCode).to.equal(200);
    response?.resume();
    expect(await status).to.equal(0);
    expect(performance.now() - stoppingAt).to.be.below(3000);
    agent.destroy();
  });

  it('ends within its time though an API never answers, and ignores a second signal', async () => {
    const { started, visitor } = await startSignedIn();
    sandbox.controls.outage('graph', 'silence');
    const asked = visitor.fetch(`${started.url}/api/graph/me`).catch(() => undefined);
    await systemClock.sleep(100);
    const stoppingAt = performance.now();
    const status = started.stop('SIGTERM');
    await systemClock.sleep(100);
    expect(await Promise.all([status, started.stop('SIGTERM')])).to.deep.equal([0, 0]);
    await asked;
    expect(performance.now() - stoppingAt).to.be.within(5000, 12_000);
    expect(started.output()).to.include('already stopping');
  });

  it('started by npm gets the signal that npm gets', async () => {
    const port = await freePort();
    const key = Buffer.alloc(32, 1).toString('base64');
    const keys = { TokenCache__EncryptionKeys__0: key, TokenCache__IndexKey: key };
    const env = { ...sandboxEnvironment(sandbox, port), ...keys };
    const npm = spawn('npm', ['start', '--silent'], {
      env: bareEnvironment({ ...env, npm_config_cache: aFolder(), HOME: aFolder() }),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    npm.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    for (let live = false; !live; ) {
      await systemClock.sleep(50);
      live = await fetch(`http://localhost:${port}/health/live`).then(
        ({ ok }) => ok,
        () => false,
      );
    }
    npm.kill('SIGTERM');
    await once(npm, 'close');
    expect(output).to.include('finishing what is under way');
    const after = await fetch(`http://localhost:${port}/health/live`).catch(() => undefined);
    expect(after).to.equal(undefined);
  });
});
