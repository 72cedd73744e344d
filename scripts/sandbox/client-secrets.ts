/** Client secrets at the token endpoint: known, not expired, and not mistaken for their ids. */
import { ProtocolError } from './protocol-error.ts';
import type { RequestRecord, SandboxApp, SandboxSecret } from './sandbox-options.ts';
import type { SandboxState } from './sandbox-state.ts';

/** The secrets of an app, each with an id: for those without, their place in the list. */
export function secretsOf({ secrets }: SandboxApp): readonly SandboxSecret[] {
  return secrets.map((secret, index) =>
    typeof secret === 'string' ? { secretId: `#${index + 1}`, value: secret } : secret,
  );
}

/** @throws {ProtocolError} AADSTS7000215: not a secret of the app; 7000222: it expired. */
export function checkSecret(
  state: SandboxState,
  app: SandboxApp,
  value: string,
  record: RequestRecord,
): void {
  const secret = secretsOf(app).find((each) => each.value === value);
  if (!secret) {
    throw new ProtocolError(7000215, {
      detail: `Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '${app.clientId}'.`,
    });
  }
  record.credential = { kind: 'secret', name: secret.secretId };
  const expiresAt = secret.expiresAt ?? Number.POSITIVE_INFINITY;
  if (expiresAt <= state.now() || state.faults.expiredCredentials === 'secret') {
    throw new ProtocolError(7000222, {
      detail: `The provided client secret keys for app '${app.clientId}' are expired. Visit the Azure portal to create new keys for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for added security: https://aka.ms/certCreds.`,
    });
  }
}
