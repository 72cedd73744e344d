/** One bounded HTTP exchange with the authority: its time, its size and its redirects are limited. */

/** An answer, read whole. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The text's JSON; `undefined` if it is none. */
  readonly json: unknown;
}

export interface HttpRequest {
  readonly method?: string | undefined;
  readonly headers?: Record<string, string> | undefined;
  readonly body?: RequestInit['body'] | undefined;
  /** For the whole exchange, the body included. */
  readonly timeoutMs: number;
}

/** What the last exchange saw of the authority. */
export type Health = 'unknown' | 'up' | 'down';

/** The authority sent more than any answer of its kind needs. */
export class AnswerTooLarge extends Error {
  constructor() {
    super(`The answer is larger than ${MAX_BYTES} bytes.`);
    this.name = 'AnswerTooLarge';
  }
}

const MAX_BYTES = 1024 * 1024;

export class HttpExchange {
  readonly #fetch: typeof fetch;
  health: Health = 'unknown';

  constructor(fetchGiven: typeof fetch) {
    this.#fetch = fetchGiven;
  }

  /** Sends at once, before it first yields. What fails is thrown as `fetch` throws it. */
  async send(url: string, { timeoutMs, method, headers, body }: HttpRequest): Promise<HttpAnswer> {
    try {
      const response = await this.#fetch(url, {
        method: method ?? 'GET',
        headers: headers ?? {},
        body: body ?? null,
        redirect: 'manual',
        signal: AbortSignal.timeout(timeoutMs),
      });
      const text = await readBounded(response);
      this.health = response.status < 500 ? 'up' : 'down';
      return { status: response.status, headers: response.headers, text, json: parseJson(text) };
    } catch (error) {
      // Only to take note of it: the translators of this folder decide what it means.
      this.health = 'down';
      throw error;
    }
  }
}

async function readBounded(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > MAX_BYTES) throw new AnswerTooLarge();
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // HTML or plain text of a proxy: said by the absence of JSON.
    return undefined;
  }
}
