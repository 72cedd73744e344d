/** The discovery documents and key sets, held against the documented ones. */
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { type Sandbox, startSandbox } from '../../scripts/sandbox/start-sandbox.ts';
import { answerOf } from './test-client.ts';

const fixture = async (name: string) =>
  JSON.parse(await readFile(new URL(`fixtures/${name}.json`, import.meta.url), 'utf8'));

describe('Sandbox discovery', () => {
  let sandbox: Sandbox;
  before(async () => {
    sandbox = await startSandbox();
  });
  after(() => sandbox.close());

  const document = async (tenant: string) =>
    answerOf(await fetch(`${sandbox.url}${tenant}/v2.0/.well-known/openid-configuration`));

  it('gives the documented members for common, with the literal issuer template', async () => {
    const expected = await fixture('discovery-common');
    const { body } = await document('common');
    const ours = JSON.parse(
      JSON.stringify(body).replaceAll(sandbox.url, 'https://login.microsoftonline.com/'),
    );
    expect(ours).to.deep.include(expected.document);
    expect(Object.keys(body)).to.have.members([
      ...Object.keys(expected.document),
      ...expected.alsoPresent,
    ]);
    expect(body).not.to.have.any.keys(expected.absent);
  });

  const contoso = '5d3a1b0e-7c41-4e5b-9a57-0f1c8a2e6b01';
  for (const [tenant, issuer] of [
    [contoso, contoso],
    ['contoso.example', contoso],
    ['organizations', '{tenantid}'],
    ['consumers', '9188040d-6c67-4c5b-b112-36a304b66dad'],
  ]) {
    it(`names ${issuer} as the issuer for ${tenant}`, async () => {
      const { body } = await document(tenant ?? '');
      expect(body['issuer']).to.equal(`${sandbox.url}${issuer}/v2.0`);
      expect(body['jwks_uri']).to.equal(`${sandbox.url}${tenant}/discovery/v2.0/keys`);
    });
  }

  it('answers AADSTS90002 for a tenant that does not exist', async () => {
    const { status, body } = await document('nowhere.example');
    expect(status).to.equal(400);
    expect(body).to.deep.include({ error: 'invalid_request', error_codes: [90002] });
  });

  describe('keys', () => {
    const keys = async () => {
      const { body } = await answerOf(await fetch(`${sandbox.url}common/discovery/v2.0/keys`));
      return JSON.parse(JSON.stringify(body['keys']));
    };

    it('carry the documented members, a certificate and the issuer they may sign for', async () => {
      const [work, personal] = await keys();
      expect(Object.keys(work)).to.have.members(Object.keys(await fixture('key')));
      expect(work.issuer).to.equal(`${sandbox.url}{tenantid}/v2.0`);
      expect(personal.issuer).to.match(/9188040d-6c67-4c5b-b112-36a304b66dad\/v2\.0$/);
      const certificate = new X509Certificate(Buffer.from(work.x5c[0], 'base64'));
      expect(certificate.publicKey.export({ format: 'jwk' })['n']).to.equal(work.n);
      expect(certificate.verify(certificate.publicKey)).to.equal(true);
    });

    it('keep the old ones after a rotation, and show unpublished ones only when told', async () => {
      const before = (await keys()).map(({ kid }: { kid: string }) => kid);
      await sandbox.controls.rotateKeys({ publish: false });
      expect((await keys()).map(({ kid }: { kid: string }) => kid)).to.deep.equal(before);
      sandbox.controls.publishKeys();
      expect((await keys()).length).to.equal(before.length + 2);
    });
  });
});
