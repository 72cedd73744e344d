/** Client assertions for the sandbox's own tests: right by default, wrong where a test says so. */
import { type KeyObject, randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import { demoApp } from '../../scripts/sandbox/sandbox-options.ts';
import { thumbprintOf } from '../../scripts/sandbox/thumbprint.ts';

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

export interface AssertionOrder {
  /** The token endpoint. */
  readonly audience: string;
  readonly key: KeyObject;
  /** In PEM; named in the header by `x5t#S256`. */
  readonly certificate?: string;
  readonly header?: object;
  readonly payload?: object;
}

export function signAssertion(order: AssertionOrder): Promise<string> {
  const { audience, key, certificate, header = {}, payload = {} } = order;
  const now = Math.floor(Date.now() / 1000);
  const id = demoApp.clientId;
  return new SignJWT({
    ...{ aud: audience, iss: id, sub: id, jti: randomUUID(), nbf: now, exp: now + 600 },
    ...payload,
  })
    .setProtectedHeader({
      alg: 'PS256',
      typ: 'JWT',
      ...(certificate && { 'x5t#S256': thumbprintOf(certificate) }),
      ...header,
    })
    .sign(key);
}

/** The parameters that present an assertion at the token endpoint in place of a secret. */
export const presenting = (assertion: string): Record<string, string> => ({
  client_secret: '',
  client_assertion_type: assertionType,
  client_assertion: assertion,
});
