/** What a session keeps of the claims of an ID token. */
import { z } from 'zod';

const texts = z.union([z.array(z.string()).max(200), z.string().transform((text) => [text])]);

/** All are optional claims; anything odd counts as none. */
export const tokenClaims = z.object({
  /** App roles (https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference). */
  roles: texts.catch([]),
  /** Authentication contexts satisfied (https://learn.microsoft.com/entra/identity-platform/developer-guide-conditional-access-authentication-context). */
  acrs: texts.catch([]),
  /** Ids of groups, all or none: a token that cannot hold them says where else they are. */
  groups: z.array(z.string().max(256)).max(200).optional().catch(undefined),
});
