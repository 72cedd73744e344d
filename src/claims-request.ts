/** A claims request as it comes from an authority or an API: a JSON object in text. */
import { z } from 'zod';

const claimsSchema = z.record(z.string(), z.unknown());

/** Whether the next sign-in can carry it (OpenID Connect Core §5.5). */
export function isClaimsRequest(text: string): boolean {
  try {
    return claimsSchema.safeParse(JSON.parse(text)).success;
  } catch {
    // Not JSON: what nobody can read asks for nothing.
    return false;
  }
}
