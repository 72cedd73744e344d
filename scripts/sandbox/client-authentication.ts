/** How the token endpoint knows the application: a secret, its own assertion, or another issuer's. */
import { claimsBeforeCheck } from './assertion.ts';
import { checkCertificateAssertion } from './certificate-assertion.ts';
import { checkSecret } from './client-secrets.ts';
import { checkFederatedAssertion } from './federated-assertion.ts';
import { ProtocolError } from './protocol-error.ts';
import type { RequestRecord, SandboxApp } from './sandbox-options.ts';
import type { SandboxState } from './sandbox-state.ts';

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

interface Credentials {
  readonly form: URLSearchParams;
  readonly authorization: string | undefined;
  /** The URL that was called: what an assertion must name as its audience. */
  readonly tokenEndpoint: string;
  /** Where the credential that was shown is written down. */
  readonly record: RequestRecord;
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

async function checkAssertion(
  state: SandboxState,
  assertion: string,
  { form, tokenEndpoint, record }: Credentials,
): Promise<SandboxApp> {
  if (form.get('client_assertion_type') !== assertionType) throw new ProtocolError(50027);
  const { iss, sub } = claimsBeforeCheck(assertion);
  const app = findApp(state, form.get('client_id') ?? sub);
  const presented = { app, assertion, tokenEndpoint, record };
  // Issuer and subject are one in what an application says of itself, be it the wrong one.
  if (iss === sub || iss === app.clientId) await checkCertificateAssertion(state, presented);
  else await checkFederatedAssertion(state, presented);
  return app;
}

/** The refusal that an operator asked for, once the credential is found good. */
function refuseOnPurpose({ faults }: SandboxState, { credential }: RequestRecord): void {
  const refused = faults.refusedCredential;
  if (!refused || refused.remaining <= 0) return;
  if (refused.name !== undefined && refused.name !== credential?.name) return;
  refused.remaining -= 1;
  throw new ProtocolError(refused.number);
}

/** @throws {ProtocolError} `invalid_client` or `unauthorized_client`, with the number that fits. */
export async function authenticateClient(
  state: SandboxState,
  credentials: Credentials,
): Promise<SandboxApp> {
  const { form, authorization, record } = credentials;
  const assertion = form.get('client_assertion');
  if (assertion !== null) {
    const app = await checkAssertion(state, assertion, credentials);
    refuseOnPurpose(state, record);
    return app;
  }
  const basic = basicCredentials(authorization);
  const app = findApp(state, form.get('client_id') ?? basic?.[0] ?? null);
  const secret = form.get('client_secret') ?? basic?.[1];
  if (secret === undefined) throw new ProtocolError(7000218);
  checkSecret(state, app, secret, record);
  refuseOnPurpose(state, record);
  return app;
}
