/** The members of a token response that this site uses (RFC 6749 §5.1, OpenID Connect Core §3.1.3.3). */
import { z } from 'zod';

/** Entra ID sends numbers now as numbers, now as text. */
const seconds = z.coerce.number().int().positive();

export const tokenBodySchema = z.object({
  access_token: z.string().min(1),
  token_type: z.string().regex(/^bearer$/i),
  expires_in: seconds.optional(),
  refresh_in: seconds.optional().catch(undefined),
  refresh_token: z.string().min(1).optional(),
  scope: z.string().optional(),
  id_token: z.string().min(1).optional(),
  client_info: z.string().optional().catch(undefined),
});

export type TokenBody = z.infer<typeof tokenBodySchema>;

const textIfAny = z.string().min(1).optional().catch(undefined);

/** What must not be lost with an answer that is otherwise no good: its refresh token, and whose it is. */
export const salvageSchema = z.object({
  refresh_token: textIfAny,
  id_token: textIfAny,
  client_info: textIfAny,
});

export type Salvage = z.infer<typeof salvageSchema>;

/** When the authority does not say, a token is taken to be short-lived. */
const UNSAID_SECONDS = 300;

/** A response's tokens, without its ID token; scopes not named are those asked for (RFC 6749 §5.1). */
export function tokensOf(body: TokenBody, askedScopes: readonly string[]) {
  return {
    accessToken: body.access_token,
    refreshToken: body.refresh_token,
    scopes: body.scope?.split(' ').filter(Boolean) ?? askedScopes,
    expiresInSeconds: body.expires_in ?? UNSAID_SECONDS,
    refreshInSeconds: body.refresh_in,
  };
}
