/** Reads a certificate and its private key from disk. */
import { readFileSync } from 'node:fs';
import type { CertificateWithKey } from './certificate.ts';
import { CertificateProblem } from './certificate-problem.ts';
import { readCertificate } from './read-certificate.ts';

export interface CertificateFiles {
  readonly certificateFile: string;
  readonly privateKeyFile: string | undefined;
  readonly password: string | undefined;
}

export function readCertificateFiles(
  files: CertificateFiles,
): CertificateWithKey | CertificateProblem {
  const certificate = readFile('certificate', files.certificateFile);
  if (certificate instanceof CertificateProblem) return certificate;
  const { privateKeyFile, password } = files;
  const privateKey =
    privateKeyFile === undefined ? undefined : readFile('privateKey', privateKeyFile);
  if (privateKey instanceof CertificateProblem) return privateKey;
  return readCertificate({ certificate, privateKey, password });
}

function readFile(part: CertificateProblem['part'], path: string): Buffer | CertificateProblem {
  try {
    return readFileSync(path);
  } catch (error) {
    // Each state has its own answer for the operator; only what is no file error goes on.
    const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
    if (code === undefined) throw error;
    if (code !== 'ENOENT') {
      const fix = 'Let this process read the file.';
      return new CertificateProblem(part, `cannot be read (${code})`, fix);
    }
    return new CertificateProblem(
      part,
      `names a file that does not exist: ${path}`,
      'Put the file there, or correct the path.',
    );
  }
}
