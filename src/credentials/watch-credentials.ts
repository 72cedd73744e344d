/** Looks after the credentials while the site runs: once a day the log is told what is wrong, or ends soon. */
import { EXPIRES_SOON_DAYS } from '../certificates/certificate.ts';
import type { Log } from '../log.ts';
import type { CredentialStatus } from './credential-status.ts';

export interface WatchOptions {
  /** `isFar`: those too that are asked of someone else. */
  readonly review: (isFar: boolean) => Promise<readonly CredentialStatus[]>;
  readonly now: () => number;
  readonly log: Log;
  readonly everyMs?: number;
}

/** When nobody may miss it any more. */
const URGENT_DAYS = 7;
const DAY_MS = 24 * 3_600_000;
const EVERY_MS = 60_000;
/** What is near is looked at each time, what costs a call every so many times. */
const FAR_EVERY = 60;

/** Looks at once and then every minute, until it is stopped by what it gives back. */
export function watchCredentials({
  review,
  now,
  log,
  everyMs = EVERY_MS,
}: WatchOptions): () => void {
  const warnedOn = new Map<string, string>();
  let looks = 0;
  const look = async () => {
    const today = new Date(now()).toISOString().slice(0, 10);
    const isFirst = looks === 0;
    const statuses = await review(looks % FAR_EVERY === 0);
    looks += 1;
    for (const status of statuses) {
      if (warnedOn.get(status.key) === today) continue;
      // At first the log has it already, from loading.
      const isProblemTold = !isFirst && warnOfProblem(status, log);
      if (warnOfEnd(status, now(), log) || isProblemTold) warnedOn.set(status.key, today);
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

/** Whether there are so few days left that it is time to renew it. */
export function endsSoon(expiresAt: number | undefined, now: number): boolean {
  const days = daysLeft(expiresAt, now);
  return days !== undefined && days < EXPIRES_SOON_DAYS;
}

/** The log was told when it began, which may be long ago. */
function warnOfProblem({ key, sourceType, problem, fix }: CredentialStatus, log: Log): boolean {
  if (problem === undefined) return false;
  const about = { event: 'client_credential_problem', credential: key, sourceType, problem, fix };
  log.warn(about, 'something is wrong with a credential of this site');
  return true;
}

function warnOfEnd(status: CredentialStatus, now: number, log: Log): boolean {
  const { key, sourceType, expiresAt } = status;
  const days = daysLeft(expiresAt, now);
  if (expiresAt === undefined || days === undefined || !endsSoon(expiresAt, now)) return false;
  const level = days < URGENT_DAYS ? 'error' : 'warn';
  log[level](
    {
      ...{ event: 'client_credential_expires_soon', credential: key, sourceType, daysLeft: days },
      expiresOn: new Date(expiresAt).toISOString(),
      fix: 'Register a new certificate beside it, and replace the file or the vault’s version; or put the new one first in the list, start again, and remove this one later.',
    },
    'a certificate of this site expires soon',
  );
  return true;
}
