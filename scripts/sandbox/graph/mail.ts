/** Graph's mail of the caller: lists, one message, and sending. */
import type Koa from 'koa';
import { z } from 'zod';
import { graphError } from '../graph-error.ts';
import { messagesOf } from '../mailbox.ts';
import { readJson } from '../read-json.ts';
import { answerList, type Entity, mailboxPages, selected } from './entity-list.ts';
import type { GraphPaths } from './graph-paths.ts';
import { BadQuery, type Message, queried } from './mail-query.ts';

/** The whole message; its body is HTML unless plain text is preferred. */
function whole(ctx: Koa.Context, message: Message): Entity {
  const plain = /outlook\.body-content-type="?text"?/i.test(ctx.get('prefer'));
  const content = plain
    ? message.bodyPreview
    : `<html><body><p>${message.bodyPreview}</p></body></html>`;
  return { ...message, body: { contentType: plain ? 'text' : 'html', content } };
}

const recipients = z.array(
  z.object({ emailAddress: z.object({ name: z.string().optional(), address: z.email() }) }),
);

const sending = z.object({
  message: z.object({
    subject: z.string().optional(),
    body: z.object({ contentType: z.string().optional(), content: z.string() }).optional(),
    toRecipients: z.array(z.unknown()).optional(),
    ccRecipients: z.array(z.unknown()).optional(),
    bccRecipients: z.array(z.unknown()).optional(),
  }),
  saveToSentItems: z.boolean().optional(),
});

/** Adds `/me/messages`, `/me/messages/{id}` and `/me/sendMail`. */
export function addMail(paths: GraphPaths): void {
  const { state } = paths;
  paths.add('get', '/me/messages', ['Mail.Read'], (ctx, { user }) => {
    const query = ctx.URL.searchParams;
    try {
      const messages = queried(messagesOf(user, state.now()), query);
      const context = `users('${user.id}')/messages`;
      const pagesBy = query.has('$search') ? '$skiptoken' : '$skip';
      const shown = messages.map((message) => whole(ctx, message));
      answerList(ctx, state, shown, { ...mailboxPages, context, pagesBy });
    } catch (error) {
      // What a query may not ask is the caller's doing; anything else is a defect.
      if (!(error instanceof BadQuery)) throw error;
      graphError(ctx, state, 400, error.code, error.message);
    }
  });
  paths.add('get', '/me/messages/:id', ['Mail.Read'], (ctx, { user }) => {
    const message = messagesOf(user, state.now()).find(({ id }) => id === ctx['params'].id);
    if (!message) {
      const text = 'The specified object was not found in the store.';
      return graphError(ctx, state, 404, 'ErrorItemNotFound', text);
    }
    const context = `${state.url.href}graph/v1.0/$metadata#users('${user.id}')/messages/$entity`;
    ctx.body = { '@odata.context': context, ...selected(ctx, whole(ctx, message)) };
  });
  paths.add('post', '/me/sendMail', ['Mail.Send'], async (ctx, { user }) => {
    const body = sending.safeParse(await readJson(ctx));
    if (!body.success) {
      const text = 'The body is not a message to send.';
      return graphError(ctx, state, 400, 'ErrorInvalidRequest', text);
    }
    const { subject = '', body: content, ...addressed } = body.data.message;
    const lists = [addressed.toRecipients, addressed.ccRecipients, addressed.bccRecipients];
    const to = recipients.safeParse(lists.flatMap((list) => list ?? []));
    if (!to.success || to.data.length === 0) {
      const text = 'At least one recipient is not valid.';
      return graphError(ctx, state, 400, 'ErrorInvalidRecipients', text);
    }
    state.sentMail.push({
      from: user.username,
      to: to.data.map(({ emailAddress }) => emailAddress.address),
      subject,
      content: content?.content ?? '',
      contentType: content?.contentType?.toLowerCase() ?? 'text',
      savedToSentItems: body.data.saveToSentItems ?? true,
      at: state.now(),
    });
    ctx.status = 202;
  });
}
