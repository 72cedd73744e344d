/** Reads several things of Graph in one request (https://learn.microsoft.com/graph/json-batching). */
import { Readable } from 'node:stream';
import { z } from 'zod';
import { type Clock, systemClock } from '../../clock.ts';
import { AppError } from '../../errors.ts';
import { retryAfterSeconds } from '../../retry-after.ts';
import type { ApiCall } from '../api-client.ts';
import { apiFailure, stillChallenged, unexpectedShape } from '../api-failure.ts';
import { apiUrl } from '../api-url.ts';
import type { HttpAnswer } from '../exchange.ts';
import { defaultLimits } from '../limits.ts';
import { challengedClaims } from '../www-authenticate.ts';
import type { Graph, GraphRead } from './graph.ts';

/** One read of a batch. All of a batch are made with one access token. */
export type BatchRead = Omit<GraphRead, 'permission'>;

/** What became of one read: JSON of no known shape, or why there is none. */
export type BatchAnswer = PromiseSettledResult<unknown>;

interface BatchOptions {
  /** The permission that all of them need. */
  readonly permission?: string;
  readonly clock?: Clock;
}

/** Graph's own limit. */
const MAX_READS = 20;
const PASSING = new Set([429, 503]);

const innerSchema = z.object({
  id: z.string(),
  status: z.int().min(200).max(599),
  headers: z
    .record(z.string(), z.string())
    .nullish()
    .transform((headers) => lowerCased(headers ?? {})),
  body: z.unknown().optional(),
});
const batchSchema = z.object({ responses: z.array(innerSchema) });
type Inner = z.output<typeof innerSchema>;

/**
 * The answers to at most 20 reads, in their order, got in one request.
 *
 * Of those that Graph refuses within the batch, the throttled ones alone are sent again when their
 * `Retry-After` is over, if that is within the time of a call; those that find the access token
 * wanting are sent once more with a renewed one. What fails then fails alone.
 *
 * @throws {SignInRequired} no access token at all without the person.
 * @throws {Unavailable} Graph, the authority or the store is away.
 * @throws {ApiFailed} Graph does not answer the batch as such.
 */
export async function readBatch(
  graph: Graph,
  reads: readonly BatchRead[],
  { permission, clock = systemClock }: BatchOptions = {},
): Promise<readonly BatchAnswer[]> {
  if (reads.length > MAX_READS) throw new RangeError(`A batch holds ${MAX_READS} reads at most.`);
  if (reads.length === 0) return [];
  const { limits } = graph.options.section;
  const giveUpAt = clock.monotonic() + limits.requestMs;
  const leftMs = () => giveUpAt - clock.monotonic();
  const send = (ids: readonly string[], more: Partial<ApiCall> = {}) =>
    post(graph, reads, ids, { ...more, scopes: graph.scopes(permission), timeoutMs: leftMs() });
  const answers = new Map<string, Inner | AppError>(await send(reads.map((_, i) => String(i))));
  const sendAgain = async (again: readonly Inner[], more?: Partial<ApiCall>) => {
    const ids = again.map(({ id }) => id);
    try {
      for (const [id, answer] of await send(ids, more)) answers.set(id, answer);
    } catch (error) {
      // The others have their answers: only what was sent again is without one.
      if (!(error instanceof AppError)) throw error;
      for (const id of ids) answers.set(id, error);
    }
  };

  const refused = withStatus(answers, (status) => status === 401);
  if (refused.length > 0) await sendAgain(refused, renewalFor(refused));
  for (let attempt = 0; attempt < limits.maxRetries; attempt += 1) {
    const throttled = withStatus(answers, (status) => PASSING.has(status));
    const pauseMs = longestPauseMs(throttled, attempt, clock.now());
    const isTooLong = pauseMs > defaultLimits.retryWaitMs || pauseMs >= leftMs();
    if (throttled.length === 0 || isTooLong) break;
    await clock.sleep(pauseMs);
    await sendAgain(throttled);
  }
  return await Promise.allSettled(
    reads.map(async (_, index) => {
      const answer = answers.get(String(index));
      if (answer instanceof AppError) throw answer;
      return await bodyOf(graph, answer, clock.now());
    }),
  );
}

/** Sends those of `reads` whose index is among `ids`, and gives the answers by index. */
async function post(
  { options }: Graph,
  reads: readonly BatchRead[],
  ids: readonly string[],
  more: Partial<ApiCall>,
): Promise<Map<string, Inner>> {
  const { client, section, caller, request } = options;
  const requests = ids.map((id) => {
    const { path = '', query, headers } = reads[Number(id)] ?? {};
    return {
      id,
      method: 'GET',
      url: relativeUrl(section, path, query),
      ...(headers && { headers }),
    };
  });
  const answer = await client.json(caller, {
    ...request,
    ...more,
    api: section,
    method: 'POST',
    path: '/$batch',
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify({ requests })),
    // Nothing but reads is in it.
    isIdempotent: true,
  });
  const batch = batchSchema.safeParse(answer);
  if (!batch.success) throw unexpectedShape(section.name, request?.correlationId);
  const wanted = batch.data.responses.filter(({ id }) => ids.includes(id));
  return new Map(wanted.map((inner) => [inner.id, inner]));
}

/** As the outer call's URL is made, so that no path leads out of the base URL. */
function relativeUrl(...[section, path, query]: Parameters<typeof apiUrl>): string {
  const { pathname, search } = apiUrl(section, path, query);
  return `${pathname.slice(section.baseUrl.pathname.replace(/\/+$/, '').length)}${search}`;
}

function withStatus(
  answers: ReadonlyMap<string, Inner | AppError>,
  isWanted: (status: number) => boolean,
): Inner[] {
  return [...answers.values()].flatMap((answer) =>
    answer instanceof AppError || !isWanted(answer.status) ? [] : [answer],
  );
}

/** As for an answer outside a batch: with the claims it asks for, else simply a newer token. */
function renewalFor(refused: readonly Inner[]): Partial<ApiCall> {
  for (const { headers } of refused) {
    const claims = challengedClaims(headers['www-authenticate']);
    if (claims !== undefined) return { claims };
  }
  return { forceRefresh: true };
}

function longestPauseMs(throttled: readonly Inner[], attempt: number, now: number): number {
  const backoffMs = defaultLimits.backoffMs * 2 ** attempt;
  const pauses = throttled.map(({ headers }) => {
    const seconds = retryAfterSeconds(headers['retry-after'], now);
    return seconds === undefined ? backoffMs : seconds * 1000;
  });
  return Math.max(0, ...pauses);
}

/** The body of a good answer. @throws {ApiFailed | Unavailable} it is none. */
async function bodyOf({ options }: Graph, inner: Inner | undefined, now: number): Promise<unknown> {
  const { section, request } = options;
  const correlationId = request?.correlationId;
  if (!inner) throw unexpectedShape(section.name, correlationId);
  const { status, headers, body } = inner;
  if (status < 300) return body;
  const answer: HttpAnswer = {
    ...{ status, headers },
    body: Readable.from([Buffer.from(JSON.stringify(body ?? null))]),
  };
  const failure = await apiFailure(section.name, answer, { now, correlationId });
  const isChallenge = challengedClaims(headers['www-authenticate']) !== undefined;
  throw status === 401 && isChallenge ? stillChallenged(section.name, failure.detail) : failure;
}

function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
}
