/** What every flight of the broker works with. */
import type { Audit } from '../audit.ts';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { RecordNames } from '../record-names.ts';
import type { AuthorityQuiet } from './authority-quiet.ts';
import type { Lease } from './lease.ts';
import type { IsAdmitted } from './token-broker-options.ts';

export interface BrokerParts {
  readonly names: RecordNames;
  readonly lease: Lease;
  readonly isAdmitted: IsAdmitted;
  readonly quiet: AuthorityQuiet;
  readonly clock: Clock;
  readonly log: Log;
  readonly audit: Audit;
  /** 0 to 1, for jitter. */
  readonly random: () => number;
}
