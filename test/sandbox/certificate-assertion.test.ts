/** Certificates at the token endpoint: their validity, their rotation, and the chains of `x5c`. */
import { X509Certificate } from 'node:crypto';
import { expect } from 'chai';
import { demoApp } from '../../scripts/sandbox/sandbox-options.ts';
import { type Sandbox, startSandbox } from '../../scripts/sandbox/start-sandbox.ts';
import { thumbprintOf } from '../../scripts/sandbox/thumbprint.ts';
import {
  type CertificateAuthority,
  createAuthority,
  type IssuedCertificate,
  selfSignedCertificate,
  signingWith,
} from '../support/certificate-authority.ts';
import { presenting, signAssertion } from './client-assertion.ts';
import { TestClient } from './test-client.ts';

const dayMs = 86_400_000;
/** Past client authentication, a refresh token never issued is what is wrong. */
const accepted = 70000;

describe('Sandbox certificates', () => {
  let sandbox: Sandbox;
  let current: IssuedCertificate;
  let next: IssuedCertificate;

  before(async () => {
    [current, next] = await Promise.all([
      selfSignedCertificate({ commonName: 'current' }),
      selfSignedCertificate({ commonName: 'next' }),
    ]);
  });

  beforeEach(async () => {
    const certificates = [current.certificate];
    sandbox = await startSandbox({ apps: [{ ...demoApp, certificates }] });
  });
  afterEach(() => sandbox.close());

  const present = async (certificate: IssuedCertificate, header: object = {}) => {
    const audience = `${sandbox.url}common/oauth2/v2.0/token`;
    const { key } = certificate;
    const order = { audience, key, certificate: certificate.certificate, header };
    const { body, status } = await new TestClient(sandbox).token({
      ...{ grant_type: 'refresh_token', refresh_token: 'x' },
      ...presenting(await signAssertion(order)),
    });
    const number = [body['error_codes']].flat()[0];
    if (number !== accepted) {
      expect([status, body['error']]).to.deep.equal([401, 'invalid_client']);
    }
    return number;
  };

  it('refuses one outside its validity: AADSTS1000502', async () => {
    const now = Date.now();
    const old = { commonName: 'old', notBefore: now - 9 * dayMs, notAfter: now - dayMs };
    const early = { commonName: 'early', notBefore: now + dayMs, notAfter: now + 9 * dayMs };
    for (const order of [old, early]) {
      const certificate = await selfSignedCertificate(order);
      sandbox.controls.credentials.addCertificate(demoApp.clientId, certificate.certificate);
      expect(await present(certificate), order.commonName).to.equal(1000502);
    }
    sandbox.controls.credentials.expireAll('certificate');
    expect(await present(current)).to.equal(1000502);
  });

  it('accepts each of two while both are registered, and writes down which one it was', async () => {
    const { credentials } = sandbox.controls;
    expect(await present(next)).to.equal(700027);
    credentials.addCertificate(demoApp.clientId, next.certificate);
    expect(await present(current)).to.equal(accepted);
    expect(await present(next)).to.equal(accepted);
    credentials.removeCertificate(demoApp.clientId, current.certificate);
    expect(await present(current)).to.equal(700027);
    expect(await present(next)).to.equal(accepted);
    const [one, other] = [current, next].map(({ certificate }) => ({
      kind: 'certificate',
      name: thumbprintOf(certificate),
    }));
    const uses = sandbox.requests.map(({ credential }) => credential);
    expect(uses).to.deep.equal([undefined, one, other, undefined, other]);
  });

  it('refuses one that was revoked: AADSTS7000214', async () => {
    const { credentials } = sandbox.controls;
    credentials.addCertificate(demoApp.clientId, next.certificate);
    credentials.revokeCertificate(demoApp.clientId, current.certificate);
    expect(await present(current)).to.equal(7000214);
    expect(await present(next)).to.equal(accepted);
  });

  describe('by subject name and issuer', () => {
    let root: CertificateAuthority;
    let middle: CertificateAuthority;
    let leaf: IssuedCertificate;
    const order = { commonName: 'concierge.contoso.example' };

    before(async () => {
      root = await createAuthority();
      middle = await root.createIntermediate('Test intermediate');
      leaf = await middle.issue(order);
    });

    beforeEach(() => {
      const requiresX5c = { subjectName: order.commonName, trustedRoots: [root.certificate] };
      sandbox.controls.register({ ...demoApp, requiresX5c, certificates: [current.certificate] });
    });

    const x5c = (...pems: readonly string[]) => ({
      x5c: pems.map((pem) => new X509Certificate(pem).raw.toString('base64')),
    });

    it('accepts any certificate of that name whose chain leads to the root', async () => {
      const chain = x5c(leaf.certificate, middle.certificate);
      expect(await present(leaf, chain)).to.equal(accepted);
      const withRoot = x5c(leaf.certificate, middle.certificate, root.certificate);
      expect(await present(leaf, withRoot)).to.equal(accepted);
      const renewed = await root.issue(order);
      expect(await present(renewed, x5c(renewed.certificate))).to.equal(accepted);
      expect(sandbox.requests.at(-1)?.credential?.name).to.equal(thumbprintOf(renewed.certificate));
    });

    it('refuses an assertion without a chain, even of a registered certificate', async () => {
      expect(await present(leaf)).to.equal(700027);
      expect(await present(current)).to.equal(700027);
      expect(await present(leaf, { x5c: [] })).to.equal(700027);
      expect(await present(leaf, { x5c: ['bm90IGEgY2VydGlmaWNhdGU='] })).to.equal(700027);
    });

    it('refuses another name, another root, and a chain with a gap', async () => {
      const otherName = await middle.issue({ commonName: 'other.contoso.example' });
      const nameChain = x5c(otherName.certificate, middle.certificate);
      expect(await present(otherName, nameChain)).to.equal(700027);
      const foreign = await createAuthority();
      const impostor = await foreign.issue(order);
      expect(await present(impostor, x5c(impostor.certificate))).to.equal(700027);
      const appended = x5c(impostor.certificate, root.certificate);
      expect(await present(impostor, appended)).to.equal(700027);
      expect(await present(leaf, x5c(leaf.certificate))).to.equal(700027);
    });

    it('refuses a chain through a certificate that may not issue others', async () => {
      const forged = await signingWith(leaf).issue(order);
      const chain = x5c(forged.certificate, leaf.certificate, middle.certificate);
      expect(await present(forged, chain)).to.equal(700027);
    });

    it('refuses a signature of another key than the first of the chain', async () => {
      const chain = x5c(leaf.certificate, middle.certificate);
      const stolen = { ...leaf, key: current.key };
      expect(await present(stolen, chain)).to.equal(700027);
    });

    it('refuses one that expired: AADSTS1000502', async () => {
      const notAfter = Date.now() - dayMs;
      const expired = await root.issue({ ...order, notBefore: notAfter - dayMs, notAfter });
      expect(await present(expired, x5c(expired.certificate))).to.equal(1000502);
    });
  });
});
