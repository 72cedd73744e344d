/** Graph's mail of the caller. */
import { messagesOf } from '../mailbox.ts';
import { answerList, mailboxPages } from './entity-list.ts';
import type { GraphPaths } from './graph-paths.ts';

/** Adds `/me/messages`. */
export function addMail(paths: GraphPaths): void {
  const { state } = paths;
  paths.add('get', '/me/messages', ['Mail.Read'], (ctx, { user }) => {
    const context = `users('${user.id}')/messages`;
    answerList(ctx, state, messagesOf(user, state.now()), { ...mailboxPages, context });
  });
}
