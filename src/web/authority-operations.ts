/** What the web tier asks of the authority. */
import type { EndSessionRequest } from '../authority/end-session-url.ts';
import type { ReadLogoutToken } from '../authority/read-logout-token.ts';
import type { CodeRedemption, RedeemedCode } from '../authority/redeem-code.ts';
import type { CodeRequest, RequestedCode } from '../authority/request-code.ts';

export interface AuthorityOperations {
  requestCode(request: CodeRequest): Promise<RequestedCode>;
  redeemCode(redemption: CodeRedemption): Promise<RedeemedCode>;
  readLogoutToken(logoutToken: string): Promise<ReadLogoutToken>;
  endSessionUrl(request: EndSessionRequest): Promise<URL | undefined>;
  health(): 'unknown' | 'up' | 'down';
}
