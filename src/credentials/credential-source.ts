/** Where a credential comes from, and what it is once it has been loaded. */

export type SignatureAlgorithm = 'PS256' | 'RS256';

/** What proves who this site is, ready to be used. */
export type Proof =
  | { readonly kind: 'secret'; readonly secret: string }
  | CertificateProof
  /** A JWT of another issuer that Entra ID trusts for this site (RFC 7523 §2.2). */
  | { readonly kind: 'assertion'; readonly assertion: string };

export interface CertificateProof {
  readonly kind: 'certificate';
  /** Thumbprints of the leaf: base64url. */
  readonly sha1: string;
  readonly sha256: string;
  /** In DER, leaf first; sent with each assertion. `undefined`: not sent. */
  readonly x5c: readonly Buffer[] | undefined;
  /** The signature (RFC 7518 §3.3, §3.5) by the certificate's key. @throws {CredentialUnusable} */
  sign(algorithm: SignatureAlgorithm, data: Buffer): Promise<Buffer>;
}

export interface LoadedCredential {
  readonly proof: Proof;
  /** Tells it from the one that will replace it; nothing of a secret can be learnt from it. */
  readonly fingerprint: string;
  /** Of a certificate, as the Entra admin center shows it: SHA-1, in hexadecimal digits. */
  readonly thumbprint?: string;
  /** Epoch milliseconds, as `validTo`; `undefined` where the credential does not tell. */
  readonly validFrom: number | undefined;
  readonly validTo: number | undefined;
  /** What is wrong with its source, though this one is still good: the next start would not find it. */
  readonly warning?: { readonly text: string; readonly fix: string };
}

export interface CredentialSource {
  /** The credential as it is now; what has changed is loaded anew. @throws {CredentialUnusable} */
  current(): Promise<LoadedCredential>;
  /** Loads anew what may have changed unseen. @throws {CredentialUnusable} */
  reload(): Promise<LoadedCredential>;
  /** Whether a look at it costs next to nothing: it needs no rest when it has failed. */
  readonly isNear: boolean;
  /** Loads the code that it needs. @throws {Misconfigured} that is not installed, or is no such code. */
  prepare?(): Promise<void>;
}

/** What is wrong in a vault: who asks lacks a role, there is no such certificate, or it is of no use. */
export type VaultTrouble =
  | { readonly kind: 'denied'; readonly role: string }
  | { readonly kind: 'absent' | 'unfit' };

interface UnusableOptions {
  readonly fix: string;
  readonly isPassing?: boolean;
  readonly trouble?: VaultTrouble | undefined;
}

/** A credential that cannot be used now; the message holds nothing secret. */
export class CredentialUnusable extends Error {
  /** What the operator does about it. */
  readonly fix: string;
  /** Whether it may be gone by itself in a moment: what gives the credential is away or busy. */
  readonly isPassing: boolean;
  readonly trouble: VaultTrouble | undefined;

  constructor(message: string, { fix, isPassing = false, trouble }: UnusableOptions) {
    super(message);
    this.name = 'CredentialUnusable';
    this.fix = fix;
    this.isPassing = isPassing;
    this.trouble = trouble;
  }
}
