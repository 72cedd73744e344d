/** The three faces of a certificate in a vault: certificate, secret and key, in the members of its REST API. */
import { createHash, createPublicKey } from 'node:crypto';
import forge from 'node-forge';
import type { VaultState, VaultVersion } from './vault-state.ts';

const inSeconds = (ms: number): number => Math.floor(ms / 1000);

function attributesOf({ leaf, isEnabled, createdAt }: VaultVersion): object {
  return {
    enabled: isEnabled,
    nbf: inSeconds(leaf.validFromDate.getTime()),
    exp: inSeconds(leaf.validToDate.getTime()),
    created: inSeconds(createdAt),
    updated: inSeconds(createdAt),
    recoveryLevel: 'Recoverable+Purgeable',
    recoverableDays: 90,
  };
}

const idOf = ({ url }: VaultState, kind: string, name: string, { version }: VaultVersion): string =>
  `${url}/${kind}/${name}/${version}`;

const pemOf = ({ key }: VaultVersion): string =>
  key.export({ type: 'pkcs8', format: 'pem' }).toString();

/** With an empty password, as every vault gives it. */
function toPfx(version: VaultVersion): string {
  const { leaf, chain, isExportable } = version;
  const certificates = [leaf, ...chain].map((each) =>
    forge.pki.certificateFromPem(each.toString()),
  );
  const key = isExportable ? forge.pki.privateKeyFromPem(pemOf(version)) : null;
  const pfx = forge.pkcs12.toPkcs12Asn1(key, certificates, '', { algorithm: '3des' });
  return forge.util.encode64(forge.asn1.toDer(pfx).getBytes());
}

function toPemFile(version: VaultVersion): string {
  const { leaf, chain, isExportable } = version;
  const certificates = [leaf, ...chain].map((each) => each.toString());
  return [...(isExportable ? [pemOf(version)] : []), ...certificates].join('');
}

export function certificateBundle(state: VaultState, name: string, version: VaultVersion): object {
  const { leaf, contentType, isExportable } = version;
  const { modulusLength = 2048 } = version.key.asymmetricKeyDetails ?? {};
  return {
    id: idOf(state, 'certificates', name, version),
    kid: idOf(state, 'keys', name, version),
    sid: idOf(state, 'secrets', name, version),
    x5t: createHash('sha1').update(leaf.raw).digest('base64url'),
    cer: leaf.raw.toString('base64'),
    attributes: attributesOf(version),
    policy: {
      id: `${state.url}/certificates/${name}/policy`,
      key_props: {
        exportable: isExportable,
        kty: 'RSA',
        key_size: modulusLength,
        reuse_key: false,
      },
      secret_props: { contentType },
      x509_props: { subject: leaf.subject.replaceAll('\n', ', ') },
      issuer: { name: 'Unknown' },
      attributes: { enabled: true },
    },
  };
}

export function secretBundle(state: VaultState, name: string, version: VaultVersion): object {
  const { contentType } = version;
  return {
    value: contentType === 'application/x-pkcs12' ? toPfx(version) : toPemFile(version),
    contentType,
    id: idOf(state, 'secrets', name, version),
    managed: true,
    attributes: attributesOf(version),
    kid: idOf(state, 'keys', name, version),
  };
}

export function keyBundle(state: VaultState, name: string, version: VaultVersion): object {
  const { n, e } = createPublicKey(version.key).export({ format: 'jwk' });
  return {
    key: { kid: idOf(state, 'keys', name, version), kty: 'RSA', key_ops: ['sign', 'verify'], n, e },
    attributes: attributesOf(version),
    managed: true,
  };
}

/** The id of the key that signed. */
export const keyIdOf = (state: VaultState, name: string, version: VaultVersion): string =>
  idOf(state, 'keys', name, version);
