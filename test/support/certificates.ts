/** A private certificate authority and certificates of its own making, by the openssl command. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { aFolder } from './site-process.ts';

export interface Certificates {
  /** The authority's certificate, for NODE_EXTRA_CA_CERTS. */
  readonly caFile: string;
  /** A server's key and certificate. */
  readonly key: string;
  readonly cert: string;
}

/** Makes a certificate authority and a certificate that it signed, for localhost unless for others. */
export function makeCertificates(
  names = 'DNS:localhost,IP:127.0.0.1',
  { days = 30 } = {},
): Certificates {
  const folder = aFolder();
  const at = (name: string) => join(folder, name);
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'pipe' });
  writeFileSync(at('san'), `subjectAltName=${names}\n`);
  openssl(
    ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '30', '-subj', '/CN=Test CA'],
    ...['-keyout', at('ca.key'), '-out', at('ca.pem')],
  );
  openssl(
    ...['req', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=localhost'],
    ...['-keyout', at('server.key'), '-out', at('server.csr')],
  );
  openssl(
    ...['x509', '-req', '-in', at('server.csr'), '-CA', at('ca.pem'), '-CAkey', at('ca.key')],
    ...['-CAcreateserial', '-days', String(days), '-extfile', at('san'), '-out', at('server.pem')],
  );
  return {
    caFile: at('ca.pem'),
    key: readFileSync(at('server.key'), 'utf8'),
    cert: readFileSync(at('server.pem'), 'utf8'),
  };
}

/** A client certificate and its key in one PEM file, as `SourceType: Path` takes it. */
export function makeClientCertificate(): { file: string; pem: string } {
  const folder = aFolder();
  const [key, cert, both] = ['key.pem', 'cert.pem', 'both.pem'].map((name) => join(folder, name));
  if (!key || !cert || !both) throw new Error('no names');
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '30', '-subj', '/CN=Concierge'],
      ...['-keyout', key, '-out', cert],
    ],
    { stdio: 'pipe' },
  );
  const pem = readFileSync(cert, 'utf8');
  writeFileSync(both, `${readFileSync(key, 'utf8')}${pem}`);
  return { file: both, pem };
}
