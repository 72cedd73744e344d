/** Certificates as they come from other programs: several, in any order, damaged, or slow to open. */
import { execFileSync } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { CertificateProblem } from '../../src/certificates/certificate-problem.ts';
import { readCertificate } from '../../src/certificates/read-certificate.ts';
import { aCertificate, PASSWORD_BEYOND_ASCII } from '../config/a-certificate.ts';
import { createAuthority } from '../support/certificate-authority.ts';
import { aFolder } from '../support/site-process.ts';

const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'pipe' });

function read(certificate: Buffer | string, password?: string) {
  return readCertificate({ certificate: Buffer.from(certificate), password });
}

function good(certificate: Buffer | string, password?: string) {
  const opened = read(certificate, password);
  if (opened instanceof CertificateProblem) throw new Error(opened.problem);
  return opened.certificate;
}

function problemOf(certificate: Buffer | string, password?: string): CertificateProblem {
  const opened = read(certificate, password);
  if (opened instanceof CertificateProblem) return opened;
  throw new Error('it was taken');
}

const sha256 = (pem: string) =>
  createHash('sha256').update(new X509Certificate(pem).raw).digest('base64url');

describe('A certificate that is read', () => {
  const pair = aCertificate();

  it('is, of several with one key, the one that lasts longest', () => {
    const folder = aFolder();
    const at = (name: string) => join(folder, name);
    writeFileSync(at('key.pem'), pair.privateKey);
    const renewed = ['10', '90', '30'].map((days) => {
      const args = ['req', '-x509', '-key', at('key.pem'), '-days', days, '-subj', '/CN=Concierge'];
      return openssl(...args).toString();
    });
    const { validTo } = good(pair.privateKey + renewed.join(''));
    expect(validTo).to.be.above(Date.now() + 80 * 86_400_000);
  });

  it('brings its chain in order, whatever the order of the file, without root and strangers', async () => {
    const root = await createAuthority();
    const upper = await root.createIntermediate('Upper');
    const lower = await upper.createIntermediate('Lower');
    const leaf = await lower.issue({ commonName: 'site' });
    const strange = await createAuthority('Strange');
    const file = [root, upper, strange, lower, leaf].map(({ certificate }) => certificate).join('');
    const { chain } = good(file + leaf.privateKey);
    const expected = [leaf, lower, upper].map(
      ({ certificate }) => new X509Certificate(certificate),
    );
    expect(chain.map((der) => der.toString('hex'))).to.deep.equal(
      expected.map(({ raw }) => raw.toString('hex')),
    );
  });

  it('may be DER, if its key is in a file of its own', () => {
    const certificate = new X509Certificate(pair.certificate).raw;
    const opened = readCertificate({ certificate, privateKey: Buffer.from(pair.privateKey) });
    expect(opened).to.have.nested.property('certificate.sha256', pair.sha256);
    expect(problemOf(certificate).isKeyMissing).to.equal(true);
  });

  it('is no PFX where a file of its own is named for the key', () => {
    const privateKey = Buffer.from(pair.privateKey);
    const opened = readCertificate({ certificate: pair.pfx, privateKey });
    expect(opened).to.include({
      part: 'privateKey',
      fix: 'Remove it, or name a certificate without its key.',
    });
  });

  it('may be PEM in UTF-16, as Windows writes it, or with line ends of Windows', () => {
    const pem = pair.privateKey + pair.certificate;
    expect(good(Buffer.from(`\uFEFF${pem}`, 'utf16le')).sha256).to.equal(pair.sha256);
    expect(good(pem.replaceAll('\n', '\r\n')).sha256).to.equal(pair.sha256);
  });

  for (const salt of ['20', '32', 'max']) {
    it(`keeps its very bytes in a PFX, by which it is known (signed by RSA-PSS, salt ${salt})`, () => {
      const folder = aFolder();
      const at = (name: string) => join(folder, name);
      writeFileSync(at('key.pem'), pair.privateKey);
      openssl(
        ...['req', '-x509', '-key', at('key.pem'), '-days', '60', '-subj', '/CN=Concierge'],
        ...['-sigopt', 'rsa_padding_mode:pss', '-sigopt', `rsa_pss_saltlen:${salt}`],
        ...['-out', at('cert.pem')],
      );
      openssl(
        ...['pkcs12', '-export', '-inkey', at('key.pem'), '-in', at('cert.pem')],
        ...['-out', at('site.pfx'), '-passout', 'pass:'],
      );
      const known = sha256(readFileSync(at('cert.pem'), 'utf8'));
      expect(good(readFileSync(at('site.pfx'))).sha256).to.equal(known);
    });
  }

  it('is told, and nothing is thrown, wherever a PFX is damaged', () => {
    for (const [pfx, password] of [
      [pair.pfx, undefined],
      [pair.olderPfx, PASSWORD_BEYOND_ASCII],
    ] as const) {
      for (let at = 0; at < pfx.length; at += 61) {
        const damaged = Buffer.from(pfx);
        damaged[at] = (damaged[at] ?? 0) ^ 0x55;
        const opened = read(damaged, password);
        // Damage may miss what is used: then key and certificate still belong together.
        if (!(opened instanceof CertificateProblem)) {
          expect(opened.certificate.chain).to.not.be.empty;
        }
      }
    }
  }).timeout(60_000);

  it('is refused at once where opening its PFX would stop the site for long', () => {
    const folder = aFolder();
    const at = (name: string) => join(folder, name);
    writeFileSync(at('both.pem'), pair.privateKey + pair.certificate);
    const slow = (rounds: string, ...more: string[]) => {
      const out = ['-out', at('slow.pfx'), '-passout', 'pass:x'];
      openssl('pkcs12', '-export', '-in', at('both.pem'), '-iter', rounds, ...out, ...more);
      return readFileSync(at('slow.pfx'));
    };
    for (const more of [[], ['-legacy']]) {
      const pfx = slow('200000', ...more);
      const began = performance.now();
      const { problem, fix } = problemOf(pfx, 'x');
      expect(performance.now() - began).to.be.below(500);
      expect(problem).to.contain('200000 times');
      expect(fix).to.contain('openssl');
      expect(good(slow('20000', ...more), 'x').sha256).to.equal(pair.sha256);
    }
  }).timeout(30_000);
});
