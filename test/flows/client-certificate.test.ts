/** The site that proves itself with a certificate, before a sandbox that checks each assertion strictly. */
import { expect } from 'chai';
import { demoApp } from '../../scripts/sandbox/sandbox-options.ts';
import { type Sandbox, startSandbox } from '../../scripts/sandbox/start-sandbox.ts';
import { makeClientCertificate } from '../support/certificates.ts';
import { passSandbox, type Site, sandboxEnvironment, startSite } from '../support/site.ts';
import { freePort } from '../support/site-process.ts';
import { Visitor } from '../support/visitor.ts';

describe('With a certificate in place of a secret, the site', () => {
  let sandbox: Sandbox;
  let site: Site;
  let visitor: Visitor;

  beforeEach(async () => {
    const { file, pem } = makeClientCertificate();
    sandbox = await startSandbox({ apps: [{ ...demoApp, secrets: [], certificates: [pem] }] });
    const port = await freePort();
    const { AzureAd__ClientSecret: _, ...env } = sandboxEnvironment(sandbox, port);
    site = await startSite({
      ...env,
      AzureAd__ClientCertificates__0__SourceType: 'Path',
      AzureAd__ClientCertificates__0__CertificateDiskPath: file,
    });
    visitor = new Visitor();
  });

  afterEach(async () => {
    await site.close();
    await sandbox.close();
  });

  const signIn = async () =>
    passSandbox(visitor, await visitor.open(`${site.url}/profile`), 'ada@contoso.example');
  const statuses = () =>
    sandbox.requests.filter(({ endpoint }) => endpoint === 'token').map(({ status }) => status);

  it('signs in and refreshes', async () => {
    expect((await signIn()).text).to.include('Ada Example');
    sandbox.controls.expireAccessTokens();
    expect((await visitor.open(`${site.url}/profile`)).status).to.equal(200);
    expect(statuses()).to.deep.equal([200, 200]);
  });

  it('falls back to the older form of assertion once, and remembers it', async () => {
    sandbox.controls.refuseSha256Thumbprints(100);
    expect((await signIn()).text).to.include('Ada Example');
    sandbox.controls.expireAccessTokens();
    expect((await visitor.open(`${site.url}/profile`)).status).to.equal(200);
    expect(statuses()).to.deep.equal([401, 200, 200]);
  });

  it('that the authority does not know tells people that it is not their fault', async () => {
    sandbox.controls.register({ ...demoApp, secrets: [], certificates: [] });
    const page = await signIn();
    expect(page.status).to.equal(500);
    expect(page.text).to.include('You have done nothing wrong');
    expect(site.lines.join('\n')).to.include('700027');
  });
});
