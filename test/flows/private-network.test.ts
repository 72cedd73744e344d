/** The site by environment settings alone, before a single-tenant authority with a private CA, and a loopback API. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { expect } from 'chai';
import { type Sandbox, startSandbox } from '../../scripts/sandbox/start-sandbox.ts';
import { makeCertificates } from '../support/certificates.ts';
import { passSandbox, sandboxEnvironment } from '../support/site.ts';
import { freePort, type SiteProcess, startSiteProcess } from '../support/site-process.ts';
import { Visitor } from '../support/visitor.ts';

describe('On https://localhost with a private CA, the site', () => {
  const known = getCACertificates('default');
  let sandbox: Sandbox;
  let api: Server;
  let received: IncomingHttpHeaders[];
  let site: SiteProcess;
  let caFile: string;

  before(async () => {
    const certificates = makeCertificates();
    caFile = certificates.caFile;
    setDefaultCACertificates([...known, readFileSync(caFile, 'utf8')]);
    sandbox = await startSandbox({ tls: certificates, publicHost: 'localhost' });
    received = [];
    api = createServer((request, response) => {
      received.push(request.headers);
      response.setHeader('content-type', 'application/json').end('{"stock":[1,2,3]}');
    }).listen(0, '127.0.0.1');
    await once(api, 'listening');
  });

  after(async () => {
    setDefaultCACertificates(known);
    await sandbox.close();
    api.closeAllConnections();
    api.close();
  });

  afterEach(() => site.stop('SIGKILL'));

  async function start(extra: Record<string, string>): Promise<void> {
    const port = await freePort();
    const address = api.address();
    const apiPort = typeof address === 'object' ? address?.port : undefined;
    const [contoso] = sandbox.tenants;
    const env = {
      ...sandboxEnvironment(sandbox, port),
      AzureAd__TenantId: contoso?.id ?? '',
      DownstreamApis__Stock__BaseUrl: `http://127.0.0.1:${apiPort}/v1`,
      DownstreamApis__Stock__Scopes: `${sandbox.todoResource}/Todos.Read`,
      DownstreamApis__Stock__Gateway__0__Methods: 'GET',
      DownstreamApis__Stock__Gateway__0__Path: '/stock/*',
      ...extra,
    };
    site = await startSiteProcess(env, port);
  }

  it('signs in, reads Graph, and forwards a gateway call with that API’s token', async () => {
    await start({ NODE_EXTRA_CA_CERTS: caFile });
    const visitor = new Visitor();
    const profile = await passSandbox(
      visitor,
      await visitor.open(`${site.url}/profile`),
      'ada@contoso.example',
    );
    expect(profile.text).to.include('Ada Example');
    const needsConsent = await visitor.fetch(`${site.url}/api/stock/stock/7`);
    expect(needsConsent.status).to.equal(401);
    expect(needsConsent.headers.get('content-type')).to.include('application/problem+json');
    const problem = JSON.parse(await needsConsent.text());
    const page = await visitor.open(new URL(problem.signInUrl, site.url));
    await passSandbox(visitor, page, 'ada@contoso.example');
    const answer = await visitor.fetch(`${site.url}/api/stock/stock/7?size=2`);
    expect(await answer.text()).to.equal('{"stock":[1,2,3]}');
    expect(received.at(-1)?.authorization).to.match(/^Bearer eyJ/);
    expect(received.at(-1)?.cookie).to.equal(undefined);
  }).timeout(20_000);

  it('says 503, and not more, to people while it does not know the CA', async () => {
    await start({});
    const page = await new Visitor().open(`${site.url}/profile`);
    expect(page.status).to.equal(503);
    expect(page.headers.get('retry-after')).to.match(/^\d+$/);
  }).timeout(30_000);
});
