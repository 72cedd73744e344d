/** A new encryption key, rolled out under load: no call fails, no sign-in fails, nobody is signed out. */
import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { type Sandbox, startSandbox } from '../../scripts/sandbox/start-sandbox.ts';
import { systemClock } from '../../src/clock.ts';
import { type RedisServer, startRedisServer } from '../support/redis-server.ts';
import { type RoundRobin, startRoundRobin } from '../support/round-robin.ts';
import { passSandbox, type Site, sandboxEnvironment, startSite } from '../support/site.ts';
import { freePort } from '../support/site-process.ts';
import { Visitor } from '../support/visitor.ts';

const [oldKey, newKey, indexKey] = [1, 2, 3].map(() => randomBytes(32).toString('base64'));
const [ADA, BEN] = ['ada@contoso.example', 'ben@contoso.example'];

describe('A new encryption key', () => {
  let sandbox: Sandbox;
  let redis: RedisServer;
  let balancer: RoundRobin;
  let instances: (Site & { port: number })[];
  const failures: string[] = [];
  let calls = 0;
  let isLoaded: boolean;

  before(async () => {
    redis = await startRedisServer();
    sandbox = await startSandbox();
    balancer = await startRoundRobin();
  });
  beforeEach(() => {
    instances = [];
    isLoaded = false;
    failures.length = 0;
    calls = 0;
  });
  afterEach(async () => {
    isLoaded = false;
    await Promise.all(instances.map((instance) => instance.close()));
  });
  after(async () => {
    await balancer.close();
    await sandbox.close();
    await redis.stop();
  });

  const siteUrl = () => `http://localhost:${balancer.port}`;

  /** Starts an instance with these keys; past two, the oldest is taken out and closed. */
  async function deploy(...encryptionKeys: (string | undefined)[]): Promise<void> {
    const port = await freePort();
    const site = await startSite({
      ...sandboxEnvironment(sandbox, port),
      Site__PublicUrl: siteUrl(),
      Site__Port: String(port),
      TokenCache__Store: redis.uri,
      TokenCache__IndexKey: indexKey ?? '',
      ...Object.fromEntries(
        encryptionKeys.map((key, i) => [`TokenCache__EncryptionKeys__${i}`, key ?? '']),
      ),
    });
    instances.push({ ...site, port });
    balancer.targets = instances.slice(-2).map((instance) => instance.port);
    const retired = instances.length > 2 ? instances.shift() : undefined;
    await moreLoad();
    await retired?.close();
  }

  async function signIn(username = ADA): Promise<Visitor> {
    const visitor = new Visitor();
    const start = await visitor.open(`${siteUrl()}/profile`);
    const page = await passSandbox(visitor, start, username);
    if (page.status !== 200 || page.url.pathname !== '/profile') {
      failures.push(`sign-in: ${page.status} ${page.url}`);
    }
    return visitor;
  }

  /** Calls an API again and again; every answer but 200 is a failure. */
  async function use(visitor: Visitor): Promise<void> {
    while (isLoaded) {
      const answer = await visitor.fetch(`${siteUrl()}/api/graph/me`);
      await answer.arrayBuffer();
      calls += 1;
      if (answer.status !== 200) failures.push(`call: ${answer.status}`);
    }
  }

  async function signInAgainAndAgain(): Promise<void> {
    while (isLoaded) await signIn(BEN);
  }

  /** Waits until some more sign-ins and refreshes have been done. */
  async function moreLoad(): Promise<void> {
    for (const [grant, more] of [
      ['authorization_code', 3],
      ['refresh_token', 1],
    ] as const) {
      const count = () => sandbox.requests.filter(({ grantType }) => grantType === grant).length;
      const enough = count() + more;
      while (isLoaded && count() < enough) await systemClock.sleep(10);
    }
  }

  it('added last, then promoted, lets old and new instances work side by side', async () => {
    sandbox.controls.setAccessTokenSeconds(2);
    await deploy(oldKey);
    await deploy(oldKey);
    const visitors = await Promise.all([signIn(), signIn(), signIn()]);
    isLoaded = true;
    const load = [...visitors.map(use), signInAgainAndAgain()];
    for (const ring of [
      [oldKey, newKey],
      [oldKey, newKey],
      [newKey, oldKey],
      [newKey, oldKey],
    ]) {
      await deploy(...ring);
    }
    isLoaded = false;
    await Promise.all(load);
    expect(failures).to.deep.equal([]);
    expect(calls).to.be.above(20);
    sandbox.controls.setAccessTokenSeconds(3600);
  }).timeout(60_000);

  it('that replaces the old one too early signs nobody out: they are served again with it', async () => {
    await deploy(oldKey);
    const early = await signIn();
    await deploy(newKey);
    await deploy(newKey);
    const refused = await early.fetch(`${siteUrl()}/api/graph/me`);
    expect(refused.status).to.equal(503);
    expect(refused.headers.getSetCookie()).to.deep.equal([]);
    await deploy(newKey, oldKey);
    await deploy(newKey, oldKey);
    expect((await early.fetch(`${siteUrl()}/api/graph/me`)).status).to.equal(200);
    const late = await signIn();
    await deploy(newKey);
    await deploy(newKey);
    expect((await late.fetch(`${siteUrl()}/api/graph/me`)).status).to.equal(200);
    expect(failures).to.deep.equal([]);
  }).timeout(60_000);
});
