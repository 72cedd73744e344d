/** Which access tokens a vault takes: those of its tenant's issuer, for vaults, still good. */
import { compactVerify, createLocalJWKSet, type JSONWebKeySet } from 'jose';
import { z } from 'zod';
import { VaultError } from './vault-error.ts';

export const vaultResource = 'https://vault.azure.net';

/** The tenant that a vault belongs to. */
export interface VaultTenant {
  /** The `iss` of its tokens. */
  readonly issuer: string;
  /** The keys that sign them at this moment. */
  keys(): JSONWebKeySet;
}

const claimsSchema = z.object({
  aud: z.string(),
  iss: z.string(),
  oid: z.string(),
  azp: z.string(),
  nbf: z.number(),
  exp: z.number(),
});

/** Who calls. */
export type VaultCaller = z.infer<typeof claimsSchema>;

const unauthorized = (message: string) => new VaultError(401, 'Unauthorized', message);

/** @throws {VaultError} 401: no token, or not one for vaults of this tenant. */
export async function checkToken(
  authorization: string,
  tenant: VaultTenant,
  now: number,
): Promise<VaultCaller> {
  const token = authorization.match(/^Bearer (.+)$/i)?.[1];
  if (!token) throw unauthorized('AKV10000: Request is missing a Bearer or PoP token.');
  const verified = await compactVerify(token, createLocalJWKSet(tenant.keys())).catch(
    (cause: unknown) => {
      const message = 'AKV10046: Unable to resolve the key used for signature validation.';
      throw Object.assign(unauthorized(message), { cause });
    },
  );
  const parsed = claimsSchema.safeParse(JSON.parse(Buffer.from(verified.payload).toString()));
  if (!parsed.success) throw unauthorized('AKV10000: The token lacks a claim.');
  const { aud, iss, nbf, exp } = parsed.data;
  if (iss !== tenant.issuer) throw unauthorized('AKV10032: Invalid issuer.');
  if (aud !== vaultResource) throw unauthorized(`AKV10022: Invalid audience. Found: ${aud}.`);
  const seconds = now / 1000;
  if (exp <= seconds || nbf > seconds + 300) {
    throw unauthorized('AKV10000: The token is not within its valid time range.');
  }
  return parsed.data;
}
