/** How this site proves who it is at the token endpoint: a secret, or an assertion signed with its certificate. */
import { createHash, createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import {
  type ClientAuth,
  ClientSecretBasic,
  ClientSecretPost,
  modifyAssertion,
  PrivateKeyJwt,
} from 'openid-client';
import type { ClientCredential } from '../config/settings.ts';
import { Misconfigured } from '../errors.ts';
import type { AuthorityMetadata } from './metadata-document.ts';

/** `sha1` is the older form, RS256 with `x5t`, which some tenants still ask for. */
export type AssertionForm = 'sha256' | 'sha1';

/** Authentication against one token endpoint, in one form. */
export type ClientAuthentication = (metadata: AuthorityMetadata, form: AssertionForm) => ClientAuth;

const ASSERTION_SECONDS = 600;

/** @throws {Misconfigured} the certificate or its key cannot be used. */
export function clientAuthentication(
  credential: ClientCredential,
  now: () => number,
): ClientAuthentication {
  if (credential.type === 'certificate') return certificateAuthentication(credential, now);
  return ({ tokenEndpointAuthMethods: methods }) =>
    methods.includes('client_secret_post')
      ? ClientSecretPost(credential.secret)
      : ClientSecretBasic(credential.secret);
}

function certificateAuthentication(
  { certificate, privateKey, sendX5c }: ClientCredential & { type: 'certificate' },
  now: () => number,
): ClientAuthentication {
  const chain = readChain(certificate);
  const { raw } = chain[0];
  const key = readKey(privateKey);
  if (!chain[0].checkPrivateKey(key)) throw unusable('its private key belongs to another one');
  const forms = {
    sha256: {
      key: key.toCryptoKey({ name: 'RSA-PSS', hash: 'SHA-256' }, false, ['sign']),
      thumbprint: { 'x5t#S256': createHash('sha256').update(raw).digest('base64url') },
    },
    sha1: {
      key: key.toCryptoKey({ name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }, false, ['sign']),
      thumbprint: { x5t: createHash('sha1').update(raw).digest('base64url') },
    },
  };
  const x5c = sendX5c ? { x5c: chain.map((link) => link.raw.toString('base64')) } : {};

  return ({ tokenEndpoint }, form) =>
    PrivateKeyJwt(forms[form].key, {
      [modifyAssertion]: (header, payload) => {
        const issuedAt = Math.floor(now() / 1000);
        Object.assign(header, { typ: 'JWT', ...forms[form].thumbprint, ...x5c });
        Object.assign(payload, {
          // Entra ID refuses the issuer here: it is a template in `common`, and never the audience.
          aud: tokenEndpoint,
          iat: issuedAt,
          nbf: issuedAt,
          exp: issuedAt + ASSERTION_SECONDS,
        });
      },
    });
}

function readChain(pem: string): [X509Certificate, ...X509Certificate[]] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  try {
    const [leaf, ...rest] = blocks.map((block) => new X509Certificate(block));
    if (leaf) return [leaf, ...rest];
  } catch {
    // Said below, without what OpenSSL says of the content.
  }
  throw unusable('it cannot be read as PEM');
}

function readKey(pem: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    // What OpenSSL says may tell of the key.
    throw unusable('its private key cannot be read as PEM');
  }
  if (key.asymmetricKeyType !== 'rsa') throw unusable('its key is not an RSA key');
  return key;
}

function unusable(why: string): Misconfigured {
  return new Misconfigured(`The client certificate cannot be used: ${why}.`);
}
