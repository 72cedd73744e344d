/** Decides how the site will prove who it is, and makes the certificate where it is one. */
import { resolve } from 'node:path';
import { EXPIRES_SOON_DAYS } from '../../src/certificates/certificate.ts';
import { readCertificateFiles } from '../../src/certificates/certificate-files.ts';
import { CertificateProblem } from '../../src/certificates/certificate-problem.ts';
import { Misconfigured } from '../../src/errors.ts';
import {
  certificateFiles,
  makeClientCertificate,
  writeClientCertificate,
} from './client-certificate.ts';
import type { NewCredential } from './registration.ts';

interface CredentialOrder {
  /** The directory to write it to, as given; `undefined` for a secret. */
  readonly certificate: string | undefined;
  readonly days: string | undefined;
  readonly host: string;
  /** What the certificate's directory starts from. */
  readonly directory: string;
  readonly now: number;
}

const DEFAULT_DAYS = 365;
/** What the portal allows for secrets, too. */
const MAX_DAYS = 730;
const DAY_MS = 24 * 3_600_000;

/** @throws {Misconfigured} the order is at fault, or the certificate cannot be written. */
export function newCredential(order: CredentialOrder): NewCredential {
  const { certificate: given, days, host, directory, now } = order;
  // In whole seconds, as a certificate has them.
  const notAfter = new Date(Math.floor(now / 1000) * 1000 + readDays(days) * DAY_MS);
  if (given === undefined) return { type: 'secret', notAfter };
  if (given.trim() === '') throw new Misconfigured('--certificate is empty.');
  const absolute = resolve(directory, given);
  if (/[\p{Cc}=]/u.test(absolute)) {
    throw new Misconfigured(
      `--certificate: ${absolute} holds "=" or a control character, with which az finds no file.`,
    );
  }
  // From a day before now, as clocks differ.
  const validity = { notBefore: new Date(now - DAY_MS), notAfter };
  // Made by an earlier run, whose commands may never have been used: a second one would be one too many.
  const there = existingEnd(absolute, now);
  if (!there) writeClientCertificate(absolute, () => makeClientCertificate(host, validity));
  const { certificate, privateKey } = certificateFiles(given);
  return {
    type: 'certificate',
    isNew: there === undefined,
    notAfter: there ?? notAfter,
    file: certificateFiles(absolute).certificate,
    certificateDiskPath: certificate,
    privateKeyDiskPath: privateKey,
  };
}

/** The end of a certificate that is there with its key, and lasts; `undefined` for any other. */
function existingEnd(directory: string, now: number): Date | undefined {
  const { certificate: certificateFile, privateKey: privateKeyFile } = certificateFiles(directory);
  const read = readCertificateFiles({ certificateFile, privateKeyFile, password: undefined });
  if (read instanceof CertificateProblem) return undefined;
  const { validTo } = read.certificate;
  return validTo - now > EXPIRES_SOON_DAYS * DAY_MS ? new Date(validTo) : undefined;
}

function readDays(text: string | undefined): number {
  const days = text === undefined ? DEFAULT_DAYS : Number(text);
  if (Number.isInteger(days) && days >= 1 && days <= MAX_DAYS) return days;
  throw new Misconfigured(`--days is not a whole number from 1 to ${MAX_DAYS}.`);
}
