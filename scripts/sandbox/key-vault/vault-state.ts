/** What a running vault keeps, the calls it was sent, and the faults it is told to make. */
import { createPrivateKey, type KeyObject, randomBytes, X509Certificate } from 'node:crypto';

/** What a caller wants of a vault. */
export type VaultOperation = 'get-certificate' | 'get-secret' | 'get-key' | 'sign';

/** In what form a certificate leaves the vault with its key. */
export type SecretForm = 'application/x-pkcs12' | 'application/x-pem-file';

/** A certificate put into the vault, in PEM. */
export interface VaultCertificate {
  readonly certificate: string;
  readonly privateKey: string;
  /** The certificates above it, the nearest first. */
  readonly chain?: readonly string[];
  /** PFX by default. */
  readonly contentType?: SecretForm;
  /** Whether its key may leave the vault, as it may by default. */
  readonly isExportable?: boolean;
}

export interface VaultVersion {
  /** 32 hexadecimal digits. */
  readonly version: string;
  readonly leaf: X509Certificate;
  readonly key: KeyObject;
  readonly chain: readonly X509Certificate[];
  readonly contentType: SecretForm;
  readonly isExportable: boolean;
  /** In epoch milliseconds. */
  readonly createdAt: number;
  isEnabled: boolean;
}

/** One request for an object of the vault. */
export interface VaultCall {
  readonly operation: VaultOperation;
  readonly name: string;
  /** As asked for: nothing for the newest. */
  readonly version: string | undefined;
  /** When it arrived, in epoch milliseconds of the vault's clock. */
  readonly at: number;
  /** 401 for the first of a client, which brings no token; 0 if it was never answered. */
  status: number;
}

export type VaultOutage = 'none' | '500' | '503' | 'silence' | 'connection-reset';

export interface VaultFaults {
  outage: VaultOutage;
  /** How many more calls are answered 429. */
  throttled: number;
  retryAfterSeconds: number;
  /** What callers may not do. */
  denied: readonly VaultOperation[];
}

export const noVaultFaults = (): VaultFaults => ({
  outage: 'none',
  throttled: 0,
  retryAfterSeconds: 0,
  denied: [],
});

export interface VaultState {
  /** `https://<name>.vault.azure.net`, without a trailing slash. */
  readonly url: string;
  readonly now: () => number;
  /** By name, the newest last. */
  readonly versions: Map<string, VaultVersion[]>;
  readonly calls: VaultCall[];
  readonly faults: VaultFaults;
}

export function toVersion(given: VaultCertificate, now: number): VaultVersion {
  return {
    version: randomBytes(16).toString('hex'),
    leaf: new X509Certificate(given.certificate),
    key: createPrivateKey(given.privateKey),
    chain: (given.chain ?? []).map((pem) => new X509Certificate(pem)),
    contentType: given.contentType ?? 'application/x-pkcs12',
    isExportable: given.isExportable ?? true,
    createdAt: now,
    isEnabled: true,
  };
}

/** The version of that name, the newest if none is named; whether it is enabled is not asked. */
export function findVersion(
  { versions }: VaultState,
  name: string,
  version: string | undefined,
): VaultVersion | undefined {
  const all = versions.get(name.toLowerCase()) ?? [];
  return version === undefined ? all.at(-1) : all.find((each) => each.version === version);
}
