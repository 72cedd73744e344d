/** Assertions that an application signs with the key of a certificate. */
import { X509Certificate } from 'node:crypto';
import { compactVerify } from 'jose';
import { checkTimes, readClaims, readHeader } from './assertion.ts';
import { trustedLeaf } from './certificate-chain.ts';
import { ProtocolError } from './protocol-error.ts';
import type { RequestRecord, SandboxApp } from './sandbox-options.ts';
import type { SandboxState } from './sandbox-state.ts';
import { thumbprintOf } from './thumbprint.ts';

export interface PresentedAssertion {
  readonly app: SandboxApp;
  readonly assertion: string;
  /** The URL that was called: what the assertion must name as its audience. */
  readonly tokenEndpoint: string;
  readonly record: RequestRecord;
}

/** Finds the certificate an assertion names: PS256 with `x5t#S256`, or RS256 with `x5t`. */
function findCertificate(
  state: SandboxState,
  { app, assertion }: PresentedAssertion,
): X509Certificate {
  const header = readHeader(assertion);
  const isModern = header.alg === 'PS256';
  if (!isModern && header.alg !== 'RS256') throw new ProtocolError(50027);
  const named = isModern ? header['x5t#S256'] : header.x5t;
  if (typeof named !== 'string') {
    throw new ProtocolError(50027, {
      detail: 'JWT token is invalid or malformed. No certificate thumbprint in header.',
    });
  }
  if (isModern && state.faults.refusedSha256Thumbprints > 0) {
    state.faults.refusedSha256Thumbprints -= 1;
    throw new ProtocolError(700027);
  }
  const candidates = app.requiresX5c
    ? [trustedLeaf(header.x5c, app.requiresX5c, state.now())]
    : (app.certificates ?? []).map((pem) => new X509Certificate(pem));
  const certificate = candidates.find(
    (each) => thumbprintOf(each, isModern ? 'sha256' : 'sha1') === named,
  );
  if (!certificate) throw new ProtocolError(700027);
  return certificate;
}

/** @throws {ProtocolError} AADSTS7000214: it is revoked; 1000502: it is not valid yet, or no longer. */
function checkStanding(state: SandboxState, app: SandboxApp, certificate: X509Certificate): void {
  if (state.revokedCertificates.has(`${app.clientId} ${thumbprintOf(certificate)}`)) {
    throw new ProtocolError(7000214);
  }
  const { validFromDate, validToDate } = certificate;
  const isCovered = validFromDate.getTime() <= state.now() && state.now() < validToDate.getTime();
  if (!isCovered || state.faults.expiredCredentials === 'certificate') {
    throw new ProtocolError(1000502);
  }
}

/** @throws {ProtocolError} `invalid_client`, with the number that fits. */
export async function checkCertificateAssertion(
  state: SandboxState,
  presented: PresentedAssertion,
): Promise<void> {
  const { app, assertion, tokenEndpoint, record } = presented;
  const certificate = findCertificate(state, presented);
  record.credential = { kind: 'certificate', name: thumbprintOf(certificate) };
  const verified = await compactVerify(assertion, certificate.publicKey).catch((cause: unknown) => {
    throw Object.assign(new ProtocolError(700027), { cause });
  });
  checkStanding(state, app, certificate);
  const claims = readClaims(verified.payload);
  const { aud, jti, nbf } = claims;
  if (!jti || nbf === undefined || typeof aud !== 'string') throw new ProtocolError(50027);
  if (claims.iss !== app.clientId || claims.sub !== app.clientId) throw new ProtocolError(700021);
  if (aud !== tokenEndpoint) throw new ProtocolError(700023);
  checkTimes(state, claims);
  if (state.usedAssertions.has(jti)) {
    throw new ProtocolError(50027, { detail: 'JWT token is invalid: its jti was used before.' });
  }
  state.usedAssertions.add(jti);
}
