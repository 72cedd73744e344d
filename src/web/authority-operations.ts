/** What the web tier asks of the authority. */
import type { AdminConsentRequest } from '../authority/admin-consent.ts';
import type { EndSessionRequest } from '../authority/end-session-url.ts';
import type { ReadLogoutToken } from '../authority/read-logout-token.ts';
import type { CodeRedemption, RedeemedCode } from '../authority/redeem-code.ts';
import type { CodeRequest, RequestedCode } from '../authority/request-code.ts';
import type { ClientCredentials } from '../credentials/client-credentials.ts';

export interface AuthorityOperations {
  /** What this site proves itself with, for those who watch it. */
  readonly credentials: Pick<ClientCredentials, 'status' | 'inUse'>;
  requestCode(request: CodeRequest): Promise<RequestedCode>;
  redeemCode(redemption: CodeRedemption): Promise<RedeemedCode>;
  readLogoutToken(logoutToken: string): Promise<ReadLogoutToken>;
  /** Whether administrators of a tenant can consent for everyone in it. */
  hasAdministrators(tenantId: string | undefined): boolean;
  adminConsentUrl(request: AdminConsentRequest): URL;
  endSessionUrl(request: EndSessionRequest): Promise<URL | undefined>;
  health(): 'unknown' | 'up' | 'down';
}
