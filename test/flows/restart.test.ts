/** The site killed and started again: people stay signed in, on every store that outlives a process. */
import { join } from 'node:path';
import { expect } from 'chai';
import { type Sandbox, startSandbox } from '../../scripts/sandbox/start-sandbox.ts';
import { type RedisServer, startRedisServer } from '../support/redis-server.ts';
import { passSandbox, sandboxEnvironment } from '../support/site.ts';
import { aFolder, freePort, type SiteProcess, startSiteProcess } from '../support/site-process.ts';
import { Visitor } from '../support/visitor.ts';

describe('A restart of the site', () => {
  let sandbox: Sandbox;
  let redis: RedisServer | undefined;
  let running: SiteProcess | undefined;

  beforeEach(async () => {
    sandbox = await startSandbox();
  });

  afterEach(async () => {
    await running?.stop('SIGKILL');
    await redis?.stop();
    await sandbox.close();
  });

  async function storeFor(scheme: string): Promise<string> {
    if (scheme === 'sqlite') return `sqlite:${join(aFolder(), 'tokens.sqlite')}`;
    redis = await startRedisServer();
    return redis.uri;
  }

  for (const scheme of ['sqlite', 'redis']) {
    it(`with ${scheme} signs nobody out and asks the authority for no new sign-in`, async () => {
      const port = await freePort();
      const folder = aFolder();
      const env = {
        ...sandboxEnvironment(sandbox, port),
        TokenCache__Store: await storeFor(scheme),
      };
      running = await startSiteProcess(env, port, folder);
      const visitor = new Visitor();
      const profile = `${running.url}/profile`;
      await passSandbox(visitor, await visitor.open(profile), 'ada@contoso.example');
      await running.stop('SIGKILL');

      running = await startSiteProcess(env, port, folder);
      const page = await visitor.open(profile);
      expect(page.trail.map((url) => url.href)).to.deep.equal([profile]);
      expect(page.text).to.include('Ada Example');
      const asked = sandbox.requests.filter((request) => request.endpoint === 'token');
      expect(asked.map((request) => request.grantType)).to.deep.equal(['authorization_code']);
      expect(await running.stop('SIGTERM')).to.equal(0);
    }).timeout(20_000);
  }
});
