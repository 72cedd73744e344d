/** The keys that sign tokens: one in use for work accounts, one for personal ones, and those before them. */
import { createHash, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import type { JSONWebKeySet } from 'jose';
import { personalTenantId } from './directory.ts';
import { selfSigned } from './self-signed.ts';

const generate = promisify(generateKeyPair);

type Kind = 'work' | 'personal';

export interface SigningKey {
  readonly kid: string;
  readonly kind: Kind;
  readonly privateKey: KeyObject;
  readonly certificate: Buffer;
}

/** The sandbox's key ring. */
export class SigningKeys {
  readonly #instance: URL;
  readonly #now: () => number;
  /** Newest last; the last of a kind signs. */
  readonly #keys: SigningKey[] = [];
  readonly #unpublished = new Set<string>();

  constructor(instance: URL, now: () => number) {
    this.#instance = instance;
    this.#now = now;
  }

  /** Signs with new keys from now on; unpublished ones stay out of the key set until `publish`. */
  async rotate(published: boolean): Promise<void> {
    const keys = await Promise.all([this.create('work'), this.create('personal')]);
    this.#keys.push(...keys);
    if (!published) for (const { kid } of keys) this.#unpublished.add(kid);
  }

  publish(): void {
    this.#unpublished.clear();
  }

  /** A key outside the ring, for signatures that must be refused. */
  async create(kind: Kind): Promise<SigningKey> {
    const { privateKey } = await generate('rsa', { modulusLength: 2048 });
    const certificate = selfSigned('sandbox signing key', privateKey, this.#now());
    const kid = createHash('sha1').update(certificate).digest('base64url');
    return { kid, kind, privateKey, certificate };
  }

  /** The key that signs tokens of this tenant. */
  current(tenantId: string): SigningKey {
    const kind = tenantId === personalTenantId ? 'personal' : 'work';
    const key = this.#keys.findLast((each) => each.kind === kind);
    if (!key) throw new Error('no signing key yet');
    return key;
  }

  /** The public key, and the issuer it may sign for: published or not, as the sandbox's own APIs know it. */
  find(kid: string | undefined): { publicKey: KeyObject; issuer: string } | undefined {
    const key = this.#keys.find((each) => each.kid === kid);
    return key && { publicKey: createPublicKey(key.privateKey), issuer: this.#issuerOf(key) };
  }

  /** The JSON Web Key Set, each key with the issuer it may sign for. */
  published(): JSONWebKeySet {
    const keys = this.#keys
      .filter(({ kid }) => !this.#unpublished.has(kid))
      .map((key) => {
        const { n = '', e = '' } = createPublicKey(key.privateKey).export({ format: 'jwk' });
        const x5c = [key.certificate.toString('base64')];
        const issuer = this.#issuerOf(key);
        return { kty: 'RSA', use: 'sig', kid: key.kid, x5t: key.kid, n, e, x5c, issuer };
      });
    return { keys };
  }

  #issuerOf({ kind }: SigningKey): string {
    const tenant = kind === 'personal' ? personalTenantId : '{tenantid}';
    return `${this.#instance.href}${tenant}/v2.0`;
  }
}
