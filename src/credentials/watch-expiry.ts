/** Looks after the credentials while the site runs, and warns of certificates that expire soon. */
import type { Log } from '../log.ts';
import type { CredentialStatus } from './credential-slot.ts';

export interface WatchOptions {
  readonly review: () => Promise<readonly CredentialStatus[]>;
  readonly now: () => number;
  readonly log: Log;
  readonly everyMs?: number;
}

export const SOON_DAYS = 30;
/** When nobody may miss it any more. */
const URGENT_DAYS = 7;
const DAY_MS = 24 * 3_600_000;
const EVERY_MS = 3_600_000;

/** Looks at once and then every hour, until it is stopped by what it gives back. */
export function watchExpiry({ review, now, log, everyMs = EVERY_MS }: WatchOptions): () => void {
  const warnedOn = new Map<string, string>();
  const look = async () => {
    for (const status of await review()) {
      const today = new Date(now()).toISOString().slice(0, 10);
      if (warnedOn.get(status.key) === today || !warn(status, now(), log)) continue;
      warnedOn.set(status.key, today);
    }
  };
  const lookSafely = () => {
    look().catch((err: unknown) => {
      // Nobody waits for it, and the site runs on without.
      log.error({ event: 'client_credential_review', err }, 'could not look at the credentials');
    });
  };
  lookSafely();
  const timer = setInterval(lookSafely, everyMs).unref();
  return () => clearInterval(timer);
}

/** Days until a certificate expires, at least 0; `undefined` for what does not tell. */
export function daysLeft(expiresAt: number | undefined, now: number): number | undefined {
  if (expiresAt === undefined) return undefined;
  return Math.max(0, Math.floor((expiresAt - now) / DAY_MS));
}

function warn(status: CredentialStatus, now: number, log: Log): boolean {
  const { key, sourceType, expiresAt } = status;
  const days = daysLeft(expiresAt, now);
  if (expiresAt === undefined || days === undefined || days >= SOON_DAYS) return false;
  const level = days < URGENT_DAYS ? 'error' : 'warn';
  log[level](
    {
      ...{ event: 'client_credential_expires_soon', credential: key, sourceType, daysLeft: days },
      expiresOn: new Date(expiresAt).toISOString(),
      fix: 'Register a new certificate beside it, put it first in the list, and remove this one later.',
    },
    'a certificate of this site expires soon',
  );
  return true;
}
