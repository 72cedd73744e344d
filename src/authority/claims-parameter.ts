/** The `claims` parameter of a request: what was challenged for, and what this site can handle. */
import { z } from 'zod';
import type { Authority } from './create-authority.ts';

const objectSchema = z.record(z.string(), z.unknown());
const capabilitiesSchema = z.object({ values: z.array(z.string()) });

/**
 * `claims` (JSON text) merged with the client capabilities (`xms_cc`) of the settings, as Microsoft
 * has it (https://learn.microsoft.com/entra/identity-platform/claims-challenge); `undefined` if there
 * is neither. Other authorities than Entra ID are asked for the claims alone.
 */
export function claimsParameter(
  { settings }: Pick<Authority, 'settings'>,
  claims: string | undefined,
): string | undefined {
  const { authority, clientCapabilities } = settings;
  if (authority.kind !== 'entra' || clientCapabilities.length === 0) return claims;
  const asked = objectSchema.parse(JSON.parse(claims ?? '{}'));
  const accessToken = objectSchema.catch({}).parse(asked['access_token']);
  const named = capabilitiesSchema.safeParse(accessToken['xms_cc']).data?.values ?? [];
  const values = [...new Set([...named, ...clientCapabilities])];
  return JSON.stringify({ ...asked, access_token: { ...accessToken, xms_cc: { values } } });
}
