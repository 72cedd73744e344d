/** Whether the account in use is in a group: by its ID token, else by Graph, whose answer is believed for a while. */
import type { AccountDetails } from '../broker/account.ts';
import type { DownstreamApi } from '../config/settings.ts';
import { Graph } from '../downstream/graph/graph.ts';
import { findGraph } from '../downstream/graph/graph-section.ts';
import { checkGroups } from '../downstream/graph/groups.ts';
import { ApiFailed, Misconfigured, Unavailable } from '../errors.ts';
import type { Log } from '../log.ts';
import { isGuid, PERSONAL_TENANT } from '../tenant-id.ts';
import { type Context, signedIn } from './context.ts';
import {
  activeAccount,
  type Membership,
  type SessionAccount,
  type SessionRecord,
} from './session.ts';
import type { SessionStore } from './session-store.ts';

interface MembershipsOptions {
  readonly apis: readonly DownstreamApi[];
  readonly sessions: Pick<SessionStore, 'change'>;
  readonly now: () => number;
  readonly log: Log;
}

/** How long an answer of Graph is believed. */
export const BELIEVED_MS = 10 * 60_000;
/** Answers kept of one account; the oldest make room. */
const MAX_KEPT = 40;

/**
 * Answers of Graph are kept in the session, with the account they are about: all instances have them,
 * sealed, and they end with the sign-in they belong to.
 */
export class Memberships {
  readonly #options: MembershipsOptions;
  /** Questions under way, so that many who want to know the same ask once. */
  readonly #asked = new Map<string, Promise<readonly string[]>>();

  constructor(options: MembershipsOptions) {
    this.#options = options;
  }

  /**
   * Whether the account is in any of the groups, whose object ids are in lower case.
   *
   * @throws {SignInRequired} nobody is signed in, or Graph needs the person.
   * @throws {Unavailable} Graph did not say: nothing is known then, and nothing must be opened.
   * @throws {Misconfigured} Graph has to be asked, and no section is for it.
   */
  async isInAny(ctx: Context, groups: readonly string[]): Promise<boolean> {
    const account = signedIn(ctx);
    const tie = activeAccount(ctx.session);
    // Only organisations have groups, and Graph answers such a question of nobody else.
    if (!tie || account.identity.tenantId === PERSONAL_TENANT) return false;
    const named = groupsNamedBy(tie);
    if (named) return groups.some((group) => named.includes(group));
    const known = this.#believed(tie.memberships);
    if (known.some(({ group, isMember }) => isMember && groups.includes(group))) return true;
    const unknown = groups.filter((each) => !known.some(({ group }) => group === each));
    if (unknown.length === 0) return false;
    return (await this.#ask(ctx, account, unknown)).length > 0;
  }

  /** Those of `groups` that the account is in. */
  #ask(
    ctx: Context,
    account: AccountDetails,
    groups: readonly string[],
  ): Promise<readonly string[]> {
    // Each sign-in has a session id of its own.
    const key = JSON.stringify([ctx.state.sessionId, account.id, groups.toSorted()]);
    const running = this.#asked.get(key);
    if (running !== undefined) return running;
    const asked = this.#askGraph(ctx, account, groups)
      .then(async (own) => {
        await this.#keep(ctx, account, groups, own);
        return own;
      })
      .finally(() => this.#asked.delete(key));
    this.#asked.set(key, asked);
    return asked;
  }

  /** Whoever asked first may go away; others wait for the same answer. */
  async #askGraph(
    { state: { apiClient: client, correlationId } }: Context,
    caller: AccountDetails,
    groups: readonly string[],
  ): Promise<readonly string[]> {
    const section = findGraph(this.#options.apis);
    if (!section) {
      throw new Misconfigured('This page depends on groups, and this site cannot ask for them.', {
        cause: new Error('no section DownstreamApis:Graph, and no groups in the ID token'),
      });
    }
    try {
      const graph = new Graph({ client, section, caller, request: { correlationId } });
      return await checkGroups(graph, groups);
    } catch (error) {
      // That Graph refuses the question says nothing about the person.
      if (!(error instanceof ApiFailed)) throw error;
      const message = `Whether you may see this could not be found out. ${error.message}`;
      throw new Unavailable(message, { cause: error, detail: error.detail });
    }
  }

  /** With the very sign-in that it was asked for; once that has ended, nowhere. */
  async #keep(
    ctx: Context,
    { id }: AccountDetails,
    groups: readonly string[],
    own: readonly string[],
  ): Promise<void> {
    const { sessions, now, log } = this.#options;
    const answers = groups.map((group) => ({ group, isMember: own.includes(group), at: now() }));
    const seenAt = ctx.session?.record?.seenAt ?? 0;
    const withAnswers = (record: SessionRecord): SessionRecord => {
      const accounts = record.accounts.map((each) => {
        if (each.id !== id) return each;
        const others = this.#believed(each.memberships).filter(
          ({ group }) => !groups.includes(group),
        );
        return { ...each, memberships: [...others, ...answers].slice(-MAX_KEPT) };
      });
      return { ...record, accounts, seenAt: Math.max(record.seenAt, seenAt) };
    };
    try {
      // This request goes on with what it read: another account may be in use by now.
      await sessions.change(ctx.state.sessionId ?? '', withAnswers);
    } catch (error) {
      // The answer is good all the same, and is asked for again.
      if (!(error instanceof Unavailable)) throw error;
      const { correlationId } = ctx.state;
      log.warn({ event: 'membership_not_kept', correlationId }, 'an answer could not be kept');
    }
  }

  /** By a clock that was set back, what comes from the future is as good as old. */
  #believed(memberships: readonly Membership[] = []): readonly Membership[] {
    const now = this.#options.now();
    return memberships.filter(({ at }) => at <= now && now - at < BELIEVED_MS);
  }
}

/** An application may be set up to be told names instead: of their groups' ids they say nothing. */
function groupsNamedBy({ groups }: SessionAccount): readonly string[] | undefined {
  return groups?.every(isGuid) ? groups.map((id) => id.toLowerCase()) : undefined;
}
