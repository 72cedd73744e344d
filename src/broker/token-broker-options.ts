/** What a token broker is made of. */
import type { Audit } from '../audit.ts';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { RecordNames } from '../record-names.ts';
import type { Records } from '../records.ts';
import type { Storage } from '../storage/storage.ts';
import type { Identity, Refresh, RequestAppToken } from '../token-response.ts';
import type { AccountRecord } from './account-record.ts';
import type { Lease } from './lease.ts';
import type { TokenSet } from './token-set.ts';

/** Whether an account may be used under the settings as they are now. */
export type IsAdmitted = (kept: {
  readonly identity: Identity;
  /** What the authority was called when it signed in. */
  readonly authority?: string | undefined;
}) => boolean;

export interface TokenBrokerOptions {
  readonly storage: Storage;
  readonly accounts: Records<AccountRecord>;
  /** What is kept of this site's own tokens. */
  readonly apps: Records<TokenSet>;
  readonly names: RecordNames;
  readonly lease: Lease;
  readonly refresh: Refresh;
  readonly requestAppToken: RequestAppToken;
  /** What the settings call the authority, to be kept with each account. */
  readonly authority?: string | undefined;
  /** An account that is not counts as ended: for its sessions, and for every caller. */
  readonly isAdmitted: IsAdmitted;
  readonly clock: Clock;
  readonly log: Log;
  readonly audit: Audit;
  /** 0 to 1, for jitter. */
  readonly random: () => number;
  /** An unguessable id. */
  readonly newId: () => string;
  /** How long a session may last: an account's record goes when its last session ends. */
  readonly sessionMs: number;
  /** How long a caller waits for a refresh before it is told to come back. */
  readonly callerWaitMs?: number;
}
