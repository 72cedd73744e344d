/** The pages' calls to Microsoft Graph: me, photo, messages, and the end of sessions. */
import { z } from 'zod';
import type { Account } from '../broker/account.ts';
import type { DownstreamApi } from '../config/settings.ts';
import type { ApiAnswer, ApiCall, ApiClient } from './api-client.ts';
import { contentFailure, unexpectedShape } from './api-failure.ts';

type Client = Pick<ApiClient, 'json' | 'stream' | 'failure'>;
type CallOptions = Pick<ApiCall, 'correlationId' | 'signal'>;

/** Graph leaves out or sets to null what a directory does not hold. */
const optionalText = z
  .string()
  .nullish()
  .transform((text) => text ?? undefined);
const optionalFlag = z
  .boolean()
  .nullish()
  .transform((flag) => flag ?? false);
/** A page links to it, so nothing but https passes. */
const optionalLink = optionalText.transform((text) =>
  text !== undefined && URL.parse(text)?.protocol === 'https:' ? text : undefined,
);

const meSchema = z.object({
  id: z.string(),
  displayName: optionalText,
  givenName: optionalText,
  surname: optionalText,
  userPrincipalName: optionalText,
  mail: optionalText,
  jobTitle: optionalText,
  officeLocation: optionalText,
  mobilePhone: optionalText,
  preferredLanguage: optionalText,
});
export type Me = z.output<typeof meSchema>;

const messageSchema = z.object({
  id: z.string(),
  subject: optionalText,
  /** Absent in drafts. */
  from: z
    .object({ emailAddress: z.object({ name: optionalText, address: optionalText }) })
    .nullish()
    .transform((from) => from?.emailAddress),
  /** ISO 8601, UTC. */
  receivedDateTime: optionalText,
  bodyPreview: optionalText,
  isRead: optionalFlag,
  hasAttachments: optionalFlag,
  webLink: optionalLink,
});
export type Message = z.output<typeof messageSchema>;
const messagesSchema = z.object({ value: z.array(messageSchema) });

const RASTER_IMAGE = /^image\/(jpeg|png|gif|webp)\s*(;|$)/i;

/** The section that Graph pages use: the first whose name begins with "Graph", in any case. */
export function findGraph(apis: readonly DownstreamApi[]): DownstreamApi | undefined {
  return apis.find(({ name }) => name.toLowerCase().startsWith('graph'));
}

/**
 * The scopes for one Graph permission, written with the resource prefix that the section uses.
 *
 * A section that asks for `.default` relies on consent given beforehand, and is not mixed with
 * named permissions, which the authority refuses.
 */
export function graphScopes(graph: DownstreamApi, permission: string): readonly string[] {
  if (graph.scopes.some((scope) => /(^|\/)\.default$/.test(scope))) return graph.scopes;
  const prefixed = graph.scopes.find((scope) => scope.includes('/')) ?? '';
  return [`${prefixed.slice(0, prefixed.lastIndexOf('/') + 1)}${permission}`];
}

/** The profile of the person signed in. @throws {ApiFailed} Graph's answer has another shape. */
export async function readMe(
  client: Client,
  graph: DownstreamApi,
  account: Account,
  options: CallOptions = {},
): Promise<Me> {
  const query = { $select: Object.keys(meSchema.shape).join(',') };
  const answer = await client.json(account, { ...options, api: graph, path: '/me', query });
  return parsed(meSchema, answer, graph, options);
}

/** The photo of the person signed in, a raster image; `undefined` if there is none. */
export async function readPhoto(
  client: Client,
  graph: DownstreamApi,
  account: Account,
  options: CallOptions = {},
): Promise<ApiAnswer | undefined> {
  const call = { ...options, api: graph, path: '/me/photo/$value', accept: 'image/*' };
  const answer = await client.stream(account, call);
  if (answer.status === 404) {
    answer.body.destroy();
    return undefined;
  }
  if (answer.status !== 200) throw await client.failure(call, answer);
  if (RASTER_IMAGE.test([answer.headers['content-type']].flat()[0] ?? '')) return answer;
  answer.body.destroy();
  throw contentFailure(graph.name, answer, options.correlationId);
}

/** The newest messages of the mailbox, newest first. @throws {SignInRequired} no consent to Mail.Read. */
export async function readMessages(
  client: Client,
  graph: DownstreamApi,
  account: Account,
  { top, ...options }: CallOptions & { readonly top: number },
): Promise<readonly Message[]> {
  const query = {
    $select: Object.keys(messageSchema.shape).join(','),
    $top: String(top),
    $orderby: 'receivedDateTime desc',
  };
  const scopes = graphScopes(graph, 'Mail.Read');
  const call = { ...options, api: graph, path: '/me/messages', query, scopes };
  const answer = await client.json(account, call);
  return parsed(messagesSchema, answer, graph, options).value;
}

/**
 * Ends the person's sessions at the authority: their refresh tokens and browser sessions, everywhere
 * (https://learn.microsoft.com/graph/api/user-revokesigninsessions). Takes minutes to take effect.
 *
 * @throws {SignInRequired} no consent to User.RevokeSessions.All.
 */
export async function revokeSignInSessions(
  client: Client,
  graph: DownstreamApi,
  account: Account,
  options: CallOptions = {},
): Promise<void> {
  const scopes = graphScopes(graph, 'User.RevokeSessions.All');
  const call = { ...options, api: graph, method: 'POST', path: '/me/revokeSignInSessions', scopes };
  const answer = await client.stream(account, call);
  if (answer.status >= 300) throw await client.failure(call, answer);
  answer.body.destroy();
}

function parsed<T extends z.ZodType>(
  schema: T,
  answer: unknown,
  graph: DownstreamApi,
  { correlationId }: CallOptions,
): z.output<T> {
  const result = schema.safeParse(answer);
  if (result.success) return result.data;
  throw unexpectedShape(graph.name, correlationId);
}
