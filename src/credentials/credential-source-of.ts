/** The source of each kind of credential that the settings can name. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readCertificateFiles } from '../certificates/certificate-files.ts';
import { readCertificate } from '../certificates/read-certificate.ts';
import type {
  AssertionFileCredential,
  ClientCredential,
  CustomAssertionCredential,
  ManagedIdentityCredential,
} from '../config/settings.ts';
import type { Log } from '../log.ts';
import { assertionCredential } from './assertion-credential.ts';
import { managedIdentity, vaultSecrets, vaultSigning } from './azure-sdk.ts';
import { certificateCredential } from './certificate-credential.ts';
import {
  type CredentialSource,
  CredentialUnusable,
  type LoadedCredential,
} from './credential-source.ts';
import { customAssertion, loadAssertionModule } from './custom-assertion.ts';
import { FileSource } from './file-source.ts';
import { fileState } from './file-state.ts';
import { KeptAssertion } from './kept-assertion.ts';
import { loadedOnce } from './loaded-once.ts';
import { managedIdentityAssertion } from './managed-identity-assertion.ts';
import { fetchVaultCertificate } from './vault-certificate.ts';
import { fetchVaultSigner } from './vault-signer.ts';
import { VaultSource } from './vault-source.ts';

export interface SourceParts {
  readonly clientId: string;
  readonly now: () => number;
  readonly log: Log;
}

/** Nothing is loaded yet. */
export function credentialSourceOf(
  credential: ClientCredential,
  { clientId, now, log }: SourceParts,
): CredentialSource {
  const { key } = credential;
  switch (credential.sourceType) {
    case 'ClientSecret':
      return constant(() => secretCredential(credential.secret));
    case 'Base64Encoded': {
      const { bytes, password, sendX5c } = credential;
      return constant(() =>
        certificateCredential(readCertificate({ certificate: bytes, password }), key, sendX5c),
      );
    }
    case 'Path': {
      const { certificateFile, privateKeyFile = certificateFile, sendX5c } = credential;
      const read = () =>
        certificateCredential(
          readCertificateFiles(credential),
          `${key} (${certificateFile})`,
          sendX5c,
        );
      return new FileSource({
        ...{ key, paths: [certificateFile, privateKeyFile] },
        ...{ look: fileState, read, log },
      });
    }
    case 'KeyVault':
      return new VaultSource({
        ...{ key, now, log },
        connect: () => vaultSecrets(credential),
        fetch: (client) => fetchVaultCertificate(client, credential),
      });
    case 'SignedAssertionFromVault':
      return new VaultSource({
        ...{ key, now, log },
        connect: () => vaultSigning(credential),
        fetch: (clients) => fetchVaultSigner(clients, credential),
      });
    case 'SignedAssertionFilePath':
      return new FileSource({
        ...{ key, paths: [credential.file] },
        ...{ look: fileState, read: () => readAssertion(credential), log },
      });
    case 'SignedAssertionFromManagedIdentity':
      return managedIdentitySource(credential, now);
    case 'CustomSignedAssertion':
      return customSource(credential, { clientId, now, log });
  }
}

function secretCredential(secret: string): LoadedCredential {
  // Salted by nothing, and so never logged: it only tells one secret from another in this process.
  const fingerprint = createHash('sha256').update(secret).digest('base64url');
  const proof = { kind: 'secret', secret } as const;
  return { proof, fingerprint, validFrom: undefined, validTo: undefined };
}

/** Read once, and remembered whatever came of it: nothing about it can change. */
function constant(load: () => LoadedCredential): CredentialSource {
  const current = memoised(load);
  return { current, reload: current, isNear: true };
}

function memoised(load: () => LoadedCredential): () => Promise<LoadedCredential> {
  let reading: Promise<LoadedCredential> | undefined;
  return () => {
    reading ??= (async () => load())();
    return reading;
  };
}

function readAssertion({ file }: AssertionFileCredential): LoadedCredential {
  let text: string;
  try {
    text = readFileSync(file, 'utf8').trim();
  } catch (error) {
    // Each state of a file has its own word; what is no file error goes on.
    const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
    if (code === undefined) throw error;
    const fix = 'Let the platform put a token there, and this process read it.';
    throw new CredentialUnusable(`${file} cannot be read (${code})`, { fix, isPassing: true });
  }
  return assertionCredential(text, file);
}

function managedIdentitySource(
  { key, managedIdentityClientId, audience }: ManagedIdentityCredential,
  now: () => number,
): CredentialSource {
  const connected = loadedOnce(() => managedIdentity(key, managedIdentityClientId));
  const fetch = async () => await managedIdentityAssertion(await connected(), audience);
  return new KeptAssertion({ fetch, prepare: connected, now });
}

function customSource(
  credential: CustomAssertionCredential,
  { clientId, now }: SourceParts,
): CredentialSource {
  const { module, data } = credential;
  const loaded = loadedOnce(() => loadAssertionModule(credential));
  const fetch = async () => await customAssertion(await loaded(), { clientId, data }, module);
  return new KeptAssertion({ fetch, prepare: loaded, now });
}
