/** The translator of what the Azure SDK throws: which credential cannot be used, and what mends it. */
import { CredentialUnusable } from './credential-source.ts';

const MAX_WORDS = 200;
/** No identity could be had: not configured, or its service is away; the SDK does not tell which. */
const NO_IDENTITY =
  /^(CredentialUnavailableError|AggregateAuthenticationError|AuthenticationError|AuthenticationRequiredError)$/;

export interface AzureFailureWords {
  /** What was asked, such as `the vault https://…/`. */
  readonly what: string;
  /** For 401 and 403: the role that is missing; `undefined` for what needs none. */
  readonly role: string | undefined;
  /** For 404. */
  readonly absent: string;
}

/** Without its cause: the library's errors hold requests, and with them tokens. */
export function azureFailure(error: unknown, words: AzureFailureWords): CredentialUnusable {
  const { what, role, absent } = words;
  const name = error instanceof Error ? error.name : typeof error;
  if (NO_IDENTITY.test(name)) {
    const fix =
      'Assign the managed identity (or its ManagedIdentityClientId) to what this site runs on; on a developer’s machine, run az login.';
    return new CredentialUnusable(`${what}: no identity to ask with (${saidBy(error)})`, {
      ...{ fix, isPassing: true },
    });
  }
  const status = statusOf(error);
  switch (status) {
    case 401:
    case 403:
      return denial(`${what} denies access (HTTP ${status})`, role);
    case 404:
      return new CredentialUnusable(`${what} ${absent}`, {
        fix: 'Correct the names, or put it there.',
        trouble: { kind: 'absent' },
      });
    default:
      if (
        status !== undefined &&
        status >= 400 &&
        status < 500 &&
        status !== 408 &&
        status !== 429
      ) {
        const fix =
          'See that it is an RSA certificate, enabled, and that names and permissions are right.';
        return new CredentialUnusable(`${what} refuses the request (HTTP ${status})`, {
          fix,
          trouble: { kind: 'unfit' },
        });
      }
      return new CredentialUnusable(`${what} does not answer (${saidBy(error)})`, {
        fix: isUnknownHost(error)
          ? 'Correct the vault’s address; if it is right, look at the name servers of this machine.'
          : 'Nothing, if it passes; else look at its network and its health.',
        isPassing: true,
      });
  }
}

function denial(message: string, role: string | undefined): CredentialUnusable {
  const grant =
    role === undefined
      ? 'nothing: it needs no role, but a federated credential of the app registration'
      : `the role "${role}"`;
  const fix = `Grant the identity ${grant}; look at the network rules, too, and whether this version is disabled.`;
  const trouble = role === undefined ? undefined : ({ kind: 'denied', role } as const);
  return new CredentialUnusable(message, { fix, trouble });
}

function isUnknownHost(error: unknown): boolean {
  return (
    error instanceof Error &&
    /ENOTFOUND|EAI_AGAIN/.test(`${'code' in error ? error.code : ''} ${error.message}`)
  );
}

function statusOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('statusCode' in error)) return undefined;
  return typeof error.statusCode === 'number' ? error.statusCode : undefined;
}

/** The first line: what follows may be a whole response. */
function saidBy(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const status = statusOf(error);
  const [line = ''] = error.message.split('\n');
  return status === undefined ? `${error.name}: ${line.slice(0, MAX_WORDS)}` : `HTTP ${status}`;
}
