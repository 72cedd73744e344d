/** Tokens of the managed identity that this site runs as: `SignedAssertionFromManagedIdentity`. */
import type { ManagedIdentityCredential } from '@azure/identity';
import { assertionCredential } from './assertion-credential.ts';
import { azureFailure } from './azure-failure.ts';
import { azureCall } from './azure-sdk.ts';
import type { LoadedCredential } from './credential-source.ts';

/** @throws {CredentialUnusable} */
export async function managedIdentityAssertion(
  identity: Pick<ManagedIdentityCredential, 'getToken'>,
  audience: string,
): Promise<LoadedCredential> {
  const { token } = await azureCall((options) =>
    identity.getToken(`${audience}/.default`, options),
  ).catch((error: unknown) => {
    const absent = 'is not known where this site runs';
    throw azureFailure(error, { what: 'the managed identity', role: undefined, absent });
  });
  return assertionCredential(token, 'the managed identity’s token');
}
