/** Reads the body of an API's answer as JSON. */
import { buffer } from 'node:stream/consumers';
import { contentFailure } from './api-failure.ts';
import type { HttpAnswer } from './exchange.ts';

const JSON_TYPE = /^(application|text)\/([\w.-]+\+)?json\s*(;|$)/i;
/** Answers that may have no body: Accepted, No Content, Reset Content. */
const MAY_BE_EMPTY = new Set([202, 204, 205]);

/**
 * The JSON value of a good answer, `undefined` where there is none to expect.
 *
 * @throws {ApiFailed} the body is no JSON or too large.
 * @throws {Unavailable} the body breaks off.
 */
export async function jsonBody(
  api: string,
  answer: HttpAnswer,
  correlationId?: string,
): Promise<unknown> {
  const type = [answer.headers['content-type']].flat()[0] ?? '';
  if (!JSON_TYPE.test(type) && !MAY_BE_EMPTY.has(answer.status)) {
    answer.body.destroy();
    throw contentFailure(api, answer, correlationId);
  }
  const bytes = await buffer(answer.body);
  if (bytes.length === 0 && MAY_BE_EMPTY.has(answer.status)) return undefined;
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    // The parser's message quotes the body, which may be private.
    throw contentFailure(api, answer, correlationId);
  }
}
