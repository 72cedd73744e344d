/** An issuer of workload tokens, as a cluster projects them into files: its keys, its tokens, its key set on http. */
import { generateKeyPair, type KeyObject, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { promisify } from 'node:util';
import { exportJWK, type JSONWebKeySet, SignJWT } from 'jose';
import type { FederatedCredential } from '../../scripts/sandbox/sandbox-options.ts';

const generate = promisify(generateKeyPair);

export interface TokenOrder {
  readonly payload?: object;
  readonly header?: object;
  /** 3600 by default. */
  readonly seconds?: number;
}

export interface FederatedIssuer {
  readonly issuer: string;
  readonly subject: string;
  readonly audience: string;
  /** Where its keys are published. */
  readonly jwksUri: string;
  /** The keys of this moment. */
  readonly keys: JSONWebKeySet;
  /** What an application registers to trust it: with the keys of this moment, or by where they are. */
  credential(by?: 'keys' | 'jwksUri'): FederatedCredential;
  /** A token that is good for an hour unless it is said to be otherwise. */
  token(order?: TokenOrder): Promise<string>;
  /** Writes a token into a file as a cluster does, in place of the one before. */
  project(file: string, order?: TokenOrder): Promise<void>;
  /** Signs with a new key from now on; the old ones stay published unless they are dropped. */
  rotate(choices?: { readonly keepOld?: boolean }): Promise<void>;
  close(): Promise<void>;
}

export async function startFederatedIssuer({
  subject = 'system:serviceaccount:apps:concierge',
  audience = 'api://AzureADTokenExchange',
  now = Date.now,
}: {
  subject?: string;
  audience?: string;
  now?: () => number;
} = {}): Promise<FederatedIssuer> {
  let signer: { kid: string; key: KeyObject };
  let keys: JSONWebKeySet = { keys: [] };
  const rotate = async ({ keepOld = true } = {}) => {
    const { privateKey, publicKey } = await generate('rsa', { modulusLength: 2048 });
    const kid = randomUUID();
    const jwk = { ...(await exportJWK(publicKey)), kty: 'RSA', kid, use: 'sig', alg: 'RS256' };
    keys = { keys: [...(keepOld ? keys.keys : []), jwk] };
    signer = { kid, key: privateKey };
  };
  await rotate();
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'application/json').end(JSON.stringify(keys));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('no port');
  const issuer = `http://127.0.0.1:${address.port}/cluster`;
  const jwksUri = `${issuer}/keys`;
  const token = ({ payload = {}, header = {}, seconds = 3600 }: TokenOrder = {}) => {
    const at = Math.floor(now() / 1000);
    return new SignJWT({
      ...{ iss: issuer, sub: subject, aud: [audience], jti: randomUUID() },
      ...{ iat: at, nbf: at, exp: at + seconds },
      ...payload,
    })
      .setProtectedHeader({ alg: 'RS256', kid: signer.kid, ...header })
      .sign(signer.key);
  };
  return {
    issuer,
    subject,
    audience,
    jwksUri,
    get keys() {
      return keys;
    },
    credential: (by = 'keys') => ({
      ...{ issuer, subject, audience },
      keys: by === 'keys' ? keys : jwksUri,
    }),
    token,
    project: async (file, order) => writeFileSync(file, await token(order)),
    rotate,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
