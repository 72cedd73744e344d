/** Certificates and keys in PEM and PFX, made by the openssl command. */
import { execFileSync } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { aFolder } from '../support/site-process.ts';

export interface ACertificate {
  /** The thumbprint, base64url. */
  readonly sha256: string;
  readonly certificate: string;
  readonly privateKey: string;
  /** The private key under the password `open-sesame`. */
  readonly encryptedKey: string;
  /** Without a password, as Key Vault gives it. */
  readonly pfx: Buffer;
  /** Under `PASSWORD_BEYOND_ASCII`, in the newer ciphers and in the older ones. */
  readonly lockedPfx: Buffer;
  readonly olderPfx: Buffer;
  readonly pfxWithoutKey: Buffer;
  pfxUnder(password: string): Buffer;
}

export const PASSWORD = 'open-sesame';
export const PASSWORD_BEYOND_ASCII = 'öffne dich';

/** A self-signed certificate; `key` is openssl's, such as `rsa:2048`. */
export function aCertificate(key: readonly string[] = ['rsa:2048'], days = 60): ACertificate {
  const folder = aFolder();
  const at = (name: string) => join(folder, name);
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'pipe' });
  openssl(
    ...[
      'req',
      '-x509',
      '-newkey',
      ...key,
      '-nodes',
      '-days',
      String(days),
      '-subj',
      '/CN=Concierge',
    ],
    ...['-keyout', at('key.pem'), '-out', at('cert.pem')],
  );
  const pfx = (name: string, password: string, ...more: string[]) => {
    openssl(
      ...['pkcs12', '-export', '-inkey', at('key.pem'), '-in', at('cert.pem')],
      ...['-out', at(name), '-passout', `pass:${password}`, ...more],
    );
    return readFileSync(at(name));
  };
  const text = (name: string) => readFileSync(at(name), 'utf8');
  const { raw } = new X509Certificate(text('cert.pem'));
  // Most tests need one of these forms, and each takes a run of openssl.
  return {
    sha256: createHash('sha256').update(raw).digest('base64url'),
    certificate: text('cert.pem'),
    privateKey: text('key.pem'),
    get encryptedKey() {
      openssl(
        ...['pkcs8', '-topk8', '-in', at('key.pem'), '-out', at('encrypted.pem')],
        ...['-passout', `pass:${PASSWORD}`],
      );
      return text('encrypted.pem');
    },
    get pfx() {
      return pfx('both.pfx', '');
    },
    get lockedPfx() {
      return pfx('locked.pfx', PASSWORD_BEYOND_ASCII);
    },
    get olderPfx() {
      return pfx('older.pfx', PASSWORD_BEYOND_ASCII, '-legacy');
    },
    get pfxWithoutKey() {
      return pfx('no-key.pfx', '', '-nokeys');
    },
    pfxUnder: (password) => pfx('under.pfx', password),
  };
}
