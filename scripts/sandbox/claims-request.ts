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
  /** The authentication context asked for in the access token, such as `c1`. */
  readonly context: string | undefined;
  /** The same, asked for in the ID token. */
  readonly idTokenContext: string | undefined;
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
  const { access_token: access = {}, id_token: id = {} } = parsed.data;
  const contextIn = ({ acrs }: typeof access) => acrs?.value ?? acrs?.values?.[0];
  const [context, idTokenContext] = [contextIn(access), contextIn(id)];
  return {
    context,
    idTokenContext,
    wantsStrong: (context ?? idTokenContext ?? access['capolids']) !== undefined,
    capabilities: access['xms_cc']?.values ?? [],
    notBefore: access['nbf']?.value,
  };
}

/** What a token is to answer: its own request, and the sign-in's where that says nothing. */
export function combined(own: ClaimsRequest, signIn: ClaimsRequest): ClaimsRequest {
  return {
    context: own.context ?? signIn.context,
    idTokenContext: own.idTokenContext ?? signIn.idTokenContext,
    wantsStrong: own.wantsStrong || signIn.wantsStrong,
    capabilities: own.capabilities.length > 0 ? own.capabilities : signIn.capabilities,
    notBefore: own.notBefore ?? signIn.notBefore,
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
