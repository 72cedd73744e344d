/** Certificates and keys in PEM and PFX, made by the openssl command. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { aFolder } from '../support/site-process.ts';

export interface ACertificate {
  readonly certificate: string;
  readonly privateKey: string;
  /** The private key under the password `open-sesame`. */
  readonly encryptedKey: string;
  readonly pfx: Buffer;
}

export const PASSWORD = 'open-sesame';

/** A self-signed certificate for 30 days; `key` is openssl's, such as `rsa:2048`. */
export function aCertificate(key: readonly string[] = ['rsa:2048']): ACertificate {
  const folder = aFolder();
  const at = (name: string) => join(folder, name);
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'pipe' });
  openssl(
    ...['req', '-x509', '-newkey', ...key, '-nodes', '-days', '30', '-subj', '/CN=Concierge'],
    ...['-keyout', at('key.pem'), '-out', at('cert.pem')],
  );
  openssl(
    ...['pkcs8', '-topk8', '-in', at('key.pem'), '-out', at('encrypted.pem')],
    ...['-passout', `pass:${PASSWORD}`],
  );
  openssl(
    ...['pkcs12', '-export', '-inkey', at('key.pem'), '-in', at('cert.pem')],
    ...['-out', at('both.pfx'), '-passout', 'pass:'],
  );
  const text = (name: string) => readFileSync(at(name), 'utf8');
  return {
    certificate: text('cert.pem'),
    privateKey: text('key.pem'),
    encryptedKey: text('encrypted.pem'),
    pfx: readFileSync(at('both.pfx')),
  };
}
