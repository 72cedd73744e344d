/** The sessions of an account, for the person to know each by its browser and to sign it out. */
import type { AccountDetails } from '../broker/account.ts';
import type { AccountOverview } from '../broker/account-overview.ts';
import type { Context, Parts } from './context.ts';
import { sessionName } from './session.ts';

export interface ShownSession {
  /** The hash of its id: names it in a form, and opens nothing. */
  readonly name: string;
  /** Such as "Firefox on Windows". */
  readonly device: string;
  /** ISO 8601, UTC: when the account signed in there, and when it was last used. */
  readonly since: string;
  readonly seenAt: string;
  /** Whether it is the one that looks. */
  readonly isThis: boolean;
}

/** This session first, then the others, the one seen last before those. @throws {Unavailable} */
export async function accountSessions(
  { sessions }: Pick<Parts, 'sessions'>,
  ctx: Context,
  account: AccountDetails,
  overview: AccountOverview,
): Promise<readonly ShownSession[]> {
  const thisName = sessionName(ctx.state.sessionId ?? '');
  const read = overview.sessions.map(async ({ name }) => {
    const isThis = name === thisName;
    const record = isThis ? ctx.session?.record : await sessions.look(name, { near: true });
    // Idle for too long, or signed in as someone else by now: its tie says nothing any more.
    const tie = record?.accounts.find(
      ({ id, epoch }) => id === account.id && epoch === account.epoch,
    );
    if (!record || !tie) return undefined;
    return { name, isThis, device: record.device, at: tie.at, seenAt: record.seenAt };
  });
  const found = (await Promise.all(read)).filter((session) => session !== undefined);
  return found
    .toSorted((a, b) => Number(b.isThis) - Number(a.isThis) || b.seenAt - a.seenAt)
    .map(({ name, isThis, device, at, seenAt }) => ({
      name,
      isThis,
      device: device ?? 'An unknown browser',
      since: new Date(at).toISOString(),
      seenAt: new Date(seenAt).toISOString(),
    }));
}
