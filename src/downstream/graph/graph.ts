/** Microsoft Graph as the pages of one person call it: typed, by permission, and with little fetched. */
import { z } from 'zod';
import type { DownstreamApi } from '../../config/settings.ts';
import type { ApiAnswer, ApiCall, ApiClient, Caller } from '../api-client.ts';
import { unexpectedShape } from '../api-failure.ts';
import { graphScopes } from './graph-section.ts';
import { nextPage, type PageStart } from './next-page.ts';

export interface GraphOptions {
  readonly client: Pick<ApiClient, 'json' | 'stream' | 'relay' | 'failure'>;
  readonly section: DownstreamApi;
  readonly caller: Caller;
  /** What each call says besides. */
  readonly request?: Pick<ApiCall, 'correlationId' | 'signal'>;
}

/** One read, with the permission it needs; the section's own scopes without one. */
export interface GraphRead {
  readonly path: string;
  readonly permission?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface GraphList extends GraphRead {
  /** Where to begin; at the first page without. */
  readonly start?: PageStart | undefined;
}

/** One page of a list, and where the next one begins if there is one. */
export interface GraphPage<T> {
  readonly items: readonly T[];
  readonly next: PageStart | undefined;
}

/** Every call throws what `ApiClient` throws, and `ApiFailed` for an answer of another shape. */
export class Graph {
  readonly options: GraphOptions;

  constructor(options: GraphOptions) {
    this.options = options;
  }

  scopes(permission: string | undefined): readonly string[] {
    const { section } = this.options;
    return permission === undefined ? section.scopes : graphScopes(section, permission);
  }

  /** One object; the fields of `shape` are what is asked for. */
  async read<T extends z.ZodObject>(shape: T, read: GraphRead): Promise<z.output<T>> {
    return this.shaped(shape, await this.#json({ ...read, query: selecting(shape, read.query) }));
  }

  /** One page of a list. */
  async list<T extends z.ZodObject>(
    shape: T,
    { start, ...read }: GraphList,
  ): Promise<GraphPage<z.output<T>>> {
    const query = selecting(shape, { ...read.query, ...(start && { [start.by]: start.value }) });
    return this.page(shape, await this.#json({ ...read, query }));
  }

  /**
   * Up to `maxPages` pages of a list, one after the other.
   *
   * `isCut`: whether there is more.
   */
  async listAll<T extends z.ZodObject>(shape: T, read: GraphRead, maxPages: number) {
    const items: z.output<T>[] = [];
    let start: PageStart | undefined;
    for (let pages = 0; pages < maxPages; pages += 1) {
      const page = await this.list(shape, { ...read, start });
      items.push(...page.items);
      start = page.next;
      if (!start) break;
    }
    return { items, isCut: start !== undefined };
  }

  /** The bytes that Graph answers, up to a limit; of a good answer only. */
  async stream({ accept = '*/*', ...read }: GraphRead & { accept?: string }): Promise<ApiAnswer> {
    const call = { ...this.#call(read), accept };
    const { client, caller } = this.options;
    const answer = await client.stream(caller, call);
    if (answer.status !== 200) throw await client.failure(call, answer);
    return answer;
  }

  /** Bytes of any size, as they come; of a good answer only. */
  async relay(read: GraphRead): Promise<ApiAnswer> {
    const call = { ...this.#call(read), acceptEncoding: 'identity' };
    const { client, caller } = this.options;
    const answer = await client.relay(caller, call);
    if (answer.status !== 200) throw await client.failure(call, answer);
    return answer;
  }

  /** An action, sent once, whose good answer says nothing more. */
  async act(read: GraphRead, body?: object): Promise<void> {
    const call = this.#post(read, body);
    const { client, caller } = this.options;
    const answer = await client.stream(caller, call);
    if (answer.status >= 300) throw await client.failure(call, answer);
    answer.body.destroy();
  }

  /** What is asked by POST, as the question is long; asking twice does no more than asking once. */
  async ask<T extends z.ZodType>(shape: T, read: GraphRead, body: object): Promise<z.output<T>> {
    const { client, caller } = this.options;
    const call = { ...this.#post(read, body), isIdempotent: true };
    return this.shaped(shape, await client.json(caller, call));
  }

  /** @throws {ApiFailed} the answer has another shape. */
  shaped<T extends z.ZodType>(shape: T, answer: unknown): z.output<T> {
    const result = shape.safeParse(answer);
    if (result.success) return result.data;
    const { section, request } = this.options;
    throw unexpectedShape(section.name, request?.correlationId);
  }

  /** A list's answer as a page. @throws {ApiFailed} its shape or its next link is no good. */
  page<T extends z.ZodObject>(shape: T, answer: unknown): GraphPage<z.output<T>> {
    const list = z.object({ value: z.array(shape), '@odata.nextLink': z.string().optional() });
    const { value: items, '@odata.nextLink': link } = this.shaped(list, answer);
    return { items, next: link === undefined ? undefined : nextPage(this.options.section, link) };
  }

  #json(read: GraphRead): Promise<unknown> {
    const { client, caller } = this.options;
    return client.json(caller, this.#call(read));
  }

  #post(read: GraphRead, body?: object): ApiCall {
    return {
      ...this.#call(read),
      method: 'POST',
      ...(body && {
        headers: { ...read.headers, 'content-type': 'application/json' },
        body: Buffer.from(JSON.stringify(body)),
      }),
    };
  }

  #call({ permission, ...read }: GraphRead): ApiCall {
    const { section, request } = this.options;
    return { ...request, ...read, api: section, scopes: this.scopes(permission) };
  }
}

/** A query that asks for the fields of `shape` only. */
export function selecting(
  shape: z.ZodObject,
  query: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  return { $select: Object.keys(shape.shape).join(','), ...query };
}
