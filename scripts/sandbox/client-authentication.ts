/** How the token endpoint knows the application: a secret, or an assertion signed with a certificate. */
import { createHash, X509Certificate } from 'node:crypto';
import { compactVerify, decodeProtectedHeader } from 'jose';
import { z } from 'zod';
import { ProtocolError } from './protocol-error.ts';
import type { SandboxApp } from './sandbox-options.ts';
import type { SandboxState } from './sandbox-state.ts';

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const skewSeconds = 300;

const assertionClaims = z.object({
  aud: z.string(),
  iss: z.string(),
  sub: z.string(),
  jti: z.string().min(1),
  nbf: z.number(),
  exp: z.number(),
});

interface Credentials {
  readonly form: URLSearchParams;
  readonly authorization: string | undefined;
  /** The URL that was called: what an assertion must name as its audience. */
  readonly tokenEndpoint: string;
}

function basicCredentials(header: string | undefined): [string, string] | undefined {
  const encoded = header?.match(/^Basic (.+)$/i)?.[1];
  if (!encoded) return undefined;
  const [id = '', secret = ''] = Buffer.from(encoded, 'base64').toString().split(':');
  const decode = (part: string) => decodeURIComponent(part.replaceAll('+', ' '));
  return [decode(id), decode(secret)];
}

function findApp(state: SandboxState, clientId: string | null): SandboxApp {
  if (!clientId) {
    throw new ProtocolError(900144, {
      detail: "The request body must contain the following parameter: 'client_id'.",
    });
  }
  const app = state.apps.get(clientId.toLowerCase());
  if (!app) {
    throw new ProtocolError(700016, {
      detail: `Application with identifier '${clientId}' was not found in the directory. This can happen if the application has not been installed by the administrator of the tenant.`,
    });
  }
  return app;
}

function thumbprint(certificate: X509Certificate, algorithm: 'sha1' | 'sha256'): string {
  return createHash(algorithm).update(certificate.raw).digest('base64url');
}

/** Finds the certificate an assertion names: PS256 with `x5t#S256`, or RS256 with `x5t`. */
function findCertificate(state: SandboxState, app: SandboxApp, assertion: string): X509Certificate {
  const header = readHeader(assertion);
  const modern = header.alg === 'PS256';
  if (!modern && header.alg !== 'RS256') throw new ProtocolError(50027);
  const named = modern ? header['x5t#S256'] : header.x5t;
  if (typeof named !== 'string') {
    throw new ProtocolError(50027, {
      detail: 'JWT token is invalid or malformed. No certificate thumbprint in header.',
    });
  }
  if (modern && state.faults.refusedSha256Thumbprints > 0) {
    state.faults.refusedSha256Thumbprints -= 1;
    throw new ProtocolError(700027);
  }
  const certificate = (app.certificates ?? [])
    .map((pem) => new X509Certificate(pem))
    .find((each) => thumbprint(each, modern ? 'sha256' : 'sha1') === named);
  if (!certificate) throw new ProtocolError(700027);
  return certificate;
}

function readHeader(assertion: string) {
  try {
    return decodeProtectedHeader(assertion);
  } catch (cause) {
    throw Object.assign(new ProtocolError(50027), { cause });
  }
}

async function verifyAssertion(
  state: SandboxState,
  assertion: string,
  { form, tokenEndpoint }: Credentials,
): Promise<SandboxApp> {
  const [, body = ''] = assertion.split('.');
  const subject = readClaims(Buffer.from(body, 'base64url')).sub;
  const app = findApp(state, form.get('client_id') ?? subject);
  const { publicKey } = findCertificate(state, app, assertion);
  const verified = await compactVerify(assertion, publicKey).catch((cause: unknown) => {
    throw Object.assign(new ProtocolError(700027), { cause });
  });
  const claims = readClaims(verified.payload);
  if (claims.iss !== app.clientId || claims.sub !== app.clientId) throw new ProtocolError(700021);
  if (claims.aud !== tokenEndpoint) throw new ProtocolError(700023);
  const now = state.now() / 1000;
  if (claims.exp <= now || claims.nbf > now + skewSeconds) throw new ProtocolError(700024);
  if (state.usedAssertions.has(claims.jti)) {
    throw new ProtocolError(50027, { detail: 'JWT token is invalid: its jti was used before.' });
  }
  state.usedAssertions.add(claims.jti);
  return app;
}

function readClaims(payload: Uint8Array): z.infer<typeof assertionClaims> {
  try {
    return assertionClaims.parse(JSON.parse(Buffer.from(payload).toString()));
  } catch (cause) {
    throw Object.assign(new ProtocolError(50027), { cause });
  }
}

/** @throws {ProtocolError} `invalid_client` or `unauthorized_client`, with the number that fits. */
export async function authenticateClient(
  state: SandboxState,
  credentials: Credentials,
): Promise<SandboxApp> {
  const { form, authorization } = credentials;
  const assertion = form.get('client_assertion');
  if (assertion !== null) {
    if (form.get('client_assertion_type') !== assertionType) throw new ProtocolError(50027);
    return verifyAssertion(state, assertion, credentials);
  }
  const basic = basicCredentials(authorization);
  const app = findApp(state, form.get('client_id') ?? basic?.[0] ?? null);
  const secret = form.get('client_secret') ?? basic?.[1];
  if (secret === undefined) throw new ProtocolError(7000218);
  if (!app.secrets.includes(secret)) {
    throw new ProtocolError(7000215, {
      detail: `Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '${app.clientId}'.`,
    });
  }
  return app;
}
