/** The `claims` parameter (OpenID Connect Core §5.5), as far as the sandbox understands it. */
import { z } from 'zod';
import { ProtocolError } from './protocol-error.ts';

const member = z.object({
  value: z.string().optional(),
  values: z.array(z.string()).optional(),
});

const schema = z.object({
  access_token: z.record(z.string(), member.nullable()).optional(),
  id_token: z.record(z.string(), member.nullable()).optional(),
});

export interface ClaimsRequest {
  /** The authentication context asked for, such as `c1`. */
  readonly context: string | undefined;
  /** Whether only a strong sign-in answers it. */
  readonly wantsStrong: boolean;
  /** The client capabilities declared, such as `cp1`. */
  readonly capabilities: readonly string[];
  /** The instant that a revocation challenge names, in seconds. */
  readonly notBefore: string | undefined;
}

/** @throws {ProtocolError} AADSTS90023: not a claims request. */
export function parseClaims(text: string | null | undefined): ClaimsRequest {
  const parsed = schema.safeParse(text ? parseJson(text) : {});
  if (!parsed.success) {
    throw new ProtocolError(90023, { detail: "The 'claims' parameter is not valid." });
  }
  const wanted = { ...parsed.data.id_token, ...parsed.data.access_token };
  const context = wanted['acrs']?.value ?? wanted['acrs']?.values?.[0];
  return {
    context,
    wantsStrong: context !== undefined || wanted['capolids'] !== undefined,
    capabilities: wanted['xms_cc']?.values ?? [],
    notBefore: wanted['nbf']?.value,
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Left to the schema, which refuses it like any other text that is not an object.
    return undefined;
  }
}
