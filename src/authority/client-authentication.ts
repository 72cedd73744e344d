/** How a credential is shown to the token endpoint: a secret, or an assertion. */
import { type ClientAuth, ClientSecretBasic, ClientSecretPost } from 'openid-client';
import type { Proof } from '../credentials/credential-source.ts';
import { type AssertionForm, clientAssertion } from './client-assertion.ts';
import type { AuthorityMetadata } from './metadata-document.ts';

export interface AuthenticationRequest {
  readonly clientId: string;
  readonly metadata: AuthorityMetadata;
  readonly form: AssertionForm;
  readonly now: number;
}

const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/**
 * For one request: what takes its time, such as a signature of a vault, is done before it is sent.
 *
 * @throws {CredentialUnusable} the key cannot sign now.
 */
export async function clientAuthentication(
  proof: Proof,
  { clientId, metadata, form, now }: AuthenticationRequest,
): Promise<ClientAuth> {
  const { tokenEndpoint, tokenEndpointAuthMethods: methods } = metadata;
  switch (proof.kind) {
    case 'secret':
      return methods.includes('client_secret_post')
        ? ClientSecretPost(proof.secret)
        : ClientSecretBasic(proof.secret);
    case 'certificate':
      return byAssertion(await clientAssertion(proof, { clientId, tokenEndpoint, form, now }));
    case 'assertion':
      return byAssertion(proof.assertion);
  }
}

function byAssertion(assertion: string): ClientAuth {
  return (_server, { client_id }, body) => {
    body.set('client_id', client_id);
    body.set('client_assertion_type', JWT_BEARER);
    body.set('client_assertion', assertion);
  };
}
