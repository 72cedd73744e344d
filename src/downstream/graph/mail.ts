/** The person's mail in Graph: pages of messages, searched or newest first, and sending. */
import { z } from 'zod';
import type { Graph, GraphPage } from './graph.ts';
import { optionalFlag, optionalLink, optionalMailbox, optionalText } from './graph-fields.ts';
import type { PageStart } from './next-page.ts';

const messageSchema = z.object({
  id: z.string(),
  subject: optionalText,
  /** Absent in drafts. */
  from: optionalMailbox,
  /** ISO 8601, UTC. */
  receivedDateTime: optionalText,
  bodyPreview: optionalText,
  isRead: optionalFlag,
  hasAttachments: optionalFlag,
  webLink: optionalLink,
});
export type Message = z.output<typeof messageSchema>;

interface MessageChoice {
  readonly top: number;
  readonly start?: PageStart | undefined;
  /** What to search for; all messages where it is empty. */
  readonly search?: string;
}

/** A page of the mailbox, newest first. @throws {SignInRequired} no consent to Mail.Read. */
export function readMessages(
  graph: Graph,
  { top, start, search = '' }: MessageChoice,
): Promise<GraphPage<Message>> {
  const wanted = searchPhrase(search);
  // Graph refuses to sort what it searches; it comes newest first anyhow.
  const how = wanted ? { $search: wanted } : { $orderby: 'receivedDateTime desc' };
  const query = { $top: String(top), ...how };
  return graph.list(messageSchema, { path: '/me/messages', permission: 'Mail.Read', query, start });
}

/**
 * The value of `$search` for a person's words: one quoted phrase that they cannot end
 * (https://learn.microsoft.com/graph/search-query-parameter); empty where there is nothing to find.
 */
export function searchPhrase(words: string): string {
  const text = words.replace(/\p{Cc}+/gu, ' ').trim();
  return text && `"${text.replace(/["\\]/g, '\\$&')}"`;
}

export interface OutgoingMail {
  readonly to: readonly string[];
  readonly subject: string;
  /** Plain text. */
  readonly text: string;
}

/**
 * Sends mail as the person, and keeps it among what they sent. Sent once: what became of it is not
 * known where Graph breaks off.
 *
 * @throws {SignInRequired} no consent to Mail.Send.
 */
export async function sendMail(graph: Graph, { to, subject, text }: OutgoingMail): Promise<void> {
  await graph.act(
    { path: '/me/sendMail', permission: 'Mail.Send' },
    {
      message: {
        subject,
        body: { contentType: 'Text', content: text },
        toRecipients: to.map((address) => ({ emailAddress: { address } })),
      },
      saveToSentItems: true,
    },
  );
}
