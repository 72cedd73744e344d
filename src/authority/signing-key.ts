/** The authority's public keys as they are read: those fit to check an ID token's signature. */
import { importJWK } from 'jose';
import { z } from 'zod';

/** The algorithms an ID token may be signed with; never `none`, never a shared secret. */
export const SIGNING_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
];

const MIN_RSA_BITS = 2048;

const usableKey = z.object({
  kid: z.string().optional(),
  use: z.literal('sig').optional(),
  alg: z.string().optional(),
  /** Entra ID's own: the issuer, or issuer template, that this key may sign for. */
  issuer: z.string().optional(),
  /** The Microsoft cloud that this key is of. */
  cloud_instance_name: z.string().optional(),
});
const rsaKey = usableKey.extend({ kty: z.literal('RSA'), n: z.string(), e: z.string() });
const ecKey = usableKey.extend({
  kty: z.literal('EC'),
  crv: z.enum(['P-256', 'P-384', 'P-521']),
  x: z.string(),
  y: z.string(),
});
const keySchema = z.discriminatedUnion('kty', [rsaKey, ecKey]);

export type SigningKey = z.infer<typeof keySchema>;

const curves = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' } as const;

/** The keys of a JWK set (RFC 7517 §5) that can be used; the others are passed over. */
export async function usableSigningKeys(json: unknown): Promise<readonly SigningKey[]> {
  const set = z.object({ keys: z.array(z.unknown()).max(100) }).safeParse(json);
  const keys = set.data?.keys.flatMap((key) => keySchema.safeParse(key).data ?? []) ?? [];
  const usable = await Promise.all(keys.map(isUsable));
  return keys.filter((_, index) => usable[index]);
}

/** Whether a key may check a signature made with `algorithm`. */
export function fitsAlgorithm(key: SigningKey, algorithm: string): boolean {
  if (key.alg !== undefined && key.alg !== algorithm) return false;
  if (key.kty === 'RSA') return /^[RP]S\d+$/.test(algorithm);
  return Object.entries(curves).some(([alg, curve]) => alg === algorithm && curve === key.crv);
}

async function isUsable(key: SigningKey): Promise<boolean> {
  if (key.kty === 'RSA' && bitsOf(key.n) < MIN_RSA_BITS) return false;
  const algorithm = SIGNING_ALGORITHMS.find((name) => fitsAlgorithm(key, name));
  if (algorithm === undefined) return false;
  try {
    await importJWK(forJose(key), algorithm);
    return true;
  } catch {
    // A key that cannot be read is passed over, like one of a kind not known here.
    return false;
  }
}

/** The key with the members that say what it is, and no others. */
export function forJose(key: SigningKey) {
  return key.kty === 'RSA'
    ? { kty: key.kty, n: key.n, e: key.e }
    : { kty: key.kty, crv: key.crv, x: key.x, y: key.y };
}

function bitsOf(modulus: string): number {
  const bytes = Buffer.from(modulus, 'base64url');
  const first = bytes.findIndex((byte) => byte !== 0);
  return first < 0 ? 0 : (bytes.length - first) * 8 - Math.clz32(bytes[first] ?? 0) + 24;
}
