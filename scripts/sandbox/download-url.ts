/** Addresses that give a file to whoever has them, and what proves them genuine. */
import { createHash } from 'node:crypto';
import type { User } from './directory.ts';
import type { DriveItem } from './drive-items.ts';
import { otherHost } from './other-host.ts';
import type { SandboxState } from './sandbox-state.ts';

const hourMs = 3_600_000;

const proofOf = (state: SandboxState, user: User, item: DriveItem, until: string): string =>
  createHash('sha256').update([state.fileSecret, user.id, item.id, until].join(' ')).digest('hex');

/** Good for an hour, on the host that wants no token. */
export function downloadUrl(state: SandboxState, user: User, item: DriveItem): string {
  const until = String(state.now() + hourMs);
  const url = otherHost(state.url, `/files/${user.id}/${item.id}`);
  url.searchParams.set('tempauth', `${until}.${proofOf(state, user, item, until)}`);
  return url.href;
}

/** Whether `tempauth` is what this file's address was given, and not too old. */
export function isGenuine(
  state: SandboxState,
  user: User,
  item: DriveItem,
  tempauth: string,
): boolean {
  const [until = '', proof] = tempauth.split('.');
  return proof === proofOf(state, user, item, until) && Number(until) > state.now();
}
