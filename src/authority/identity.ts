/** Who an ID token speaks of, from its checked claims and the `client_info` beside it. */
import { z } from 'zod';
import type { AuthoritySettings } from '../config/settings.ts';
import type { Identity } from '../token-response.ts';
import type { IdTokenClaims } from './id-token.ts';

const clientInfoSchema = z.object({
  uid: z.string().regex(/^[\w-]{1,100}$/),
  utid: z.string().regex(/^[\w-]{1,100}$/),
});

/** Entra ID's home account: the same in every tenant, where `oid` is another in each. */
export type ClientInfo = z.infer<typeof clientInfoSchema>;

/** Base64url JSON; `undefined` if it is missing or unreadable, and then `oid` and `tid` have to do. */
export function readClientInfo(text: string | undefined): ClientInfo | undefined {
  if (!text) return undefined;
  try {
    const json: unknown = JSON.parse(Buffer.from(text, 'base64url').toString());
    return clientInfoSchema.safeParse(json).data;
  } catch {
    // Not JSON: the same as missing.
    return undefined;
  }
}

/** Whether `client_info` speaks of another account than the ID token does, where the ID token says. */
export function contradicts(claims: IdTokenClaims, clientInfo: ClientInfo | undefined): boolean {
  if (!clientInfo) return false;
  const { uid = clientInfo.uid, utid = clientInfo.utid } = claims;
  return uid !== clientInfo.uid || utid !== clientInfo.utid;
}

/** `uid.utid`, else `oid.tid`, else `iss` and `sub`. */
function accountIdOf(
  authority: AuthoritySettings,
  claims: IdTokenClaims,
  clientInfo: ClientInfo | undefined,
): string {
  if (authority.kind === 'entra') {
    if (clientInfo) return homeAccount(clientInfo);
    if (claims.oid && claims.tid) return `${claims.oid}.${claims.tid}`;
  }
  return accountIdOfSubject(claims);
}

/** The account of a plain OpenID Connect authority's subject. */
export function accountIdOfSubject({ iss, sub }: { iss: string; sub: string }): string {
  return `${iss} ${sub}`;
}

/** The account that an answer names which nobody has checked; `undefined` if it names none. */
export function unprovenAccountId(
  authority: AuthoritySettings,
  claims: IdTokenClaims | undefined,
  clientInfo: ClientInfo | undefined,
): string | undefined {
  if (claims) return accountIdOf(authority, claims, clientInfo);
  return authority.kind === 'entra' && clientInfo ? homeAccount(clientInfo) : undefined;
}

export function identityOf(
  authority: AuthoritySettings,
  claims: IdTokenClaims,
  clientInfo: ClientInfo | undefined,
): Identity {
  return {
    accountId: accountIdOf(authority, claims, clientInfo),
    issuer: claims.iss,
    subject: claims.sub,
    tenantId: claims.tid,
    objectId: claims.oid,
    name: claims.name,
    username: claims.preferred_username ?? claims.email,
    loginHint: claims.login_hint,
    sid: claims.sid,
  };
}

function homeAccount({ uid, utid }: ClientInfo): string {
  return `${uid}.${utid}`;
}
