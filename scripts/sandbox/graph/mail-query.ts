/** What `$search`, `$filter` and `$orderby` leave of a mailbox, or why Graph refuses them. */
import type { messagesOf } from '../mailbox.ts';

export type Message = ReturnType<typeof messagesOf>[number];

/** A query that Graph answers with 400. */
export class BadQuery extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = 'BadQuery';
    this.code = code;
  }
}

type Test = (message: Message) => boolean;

/** Of KQL, a phrase in all that is searched by default, or in one property. */
function searched(text: string): Test {
  const quoted = text.match(/^"((?:[^"\\]|\\.)*)"$/)?.[1];
  if (quoted === undefined) {
    const message = `Syntax error: character '${text.slice(-1)}' is not valid at position ${text.length} in '${text}'.`;
    throw new BadQuery('BadRequest', message);
  }
  const [, property, phrase = ''] = quoted.match(/^(?:(from|subject|body):)?(.*)$/s) ?? [];
  const wanted = phrase.replace(/\\(.)/g, '$1').toLowerCase();
  return ({ from, subject, bodyPreview }) => {
    const { name, address } = from.emailAddress;
    const parts = { from: `${name} ${address}`, subject, body: bodyPreview };
    return Object.entries(parts).some(
      ([key, value]) => (property ?? key) === key && value.toLowerCase().includes(wanted),
    );
  };
}

function clause(text: string): Test {
  const [, flag, value] = text.match(/^(isRead|hasAttachments) eq (true|false)$/) ?? [];
  if (flag !== undefined) {
    return ({ isRead, hasAttachments }) =>
      String(flag === 'isRead' ? isRead : hasAttachments) === value;
  }
  const [, since] = text.match(/^receivedDateTime ge (\d{4}-\d\d-\d\d(?:T[\d:.]+Z)?)$/) ?? [];
  if (since === undefined) {
    throw new BadQuery('ErrorInvalidUrlQueryFilter', `The query filter contains: '${text}'.`);
  }
  return ({ receivedDateTime }) => Date.parse(receivedDateTime) >= Date.parse(since);
}

function order(text: string): (a: Message, b: Message) => number {
  const [, property, direction] = text.match(/^(receivedDateTime|subject)(?: (asc|desc))?$/) ?? [];
  if (property === undefined) {
    const message = `Could not find a property named '${text}' on type 'Microsoft.OutlookServices.Message'.`;
    throw new BadQuery('RequestBroker--ParseUri', message);
  }
  const sign = direction === 'desc' ? -1 : 1;
  const of = (one: Message) => (property === 'subject' ? one.subject : one.receivedDateTime);
  return (a, b) => sign * (of(a) < of(b) ? -1 : of(a) > of(b) ? 1 : 0);
}

/**
 * The messages asked for, in order.
 *
 * A search is neither filtered nor sorted, and what sorts a filtered list must be filtered by first
 * (the list-messages page of Graph's reference).
 *
 * @throws {BadQuery} the query is refused.
 */
export function queried(messages: readonly Message[], query: URLSearchParams): Message[] {
  const [search, filter, orderBy] = ['$search', '$filter', '$orderby'].map((name) =>
    query.get(name),
  );
  for (const [name, value] of [
    ['OrderBy', orderBy],
    ['Filter', filter],
  ] as const) {
    if (!search || !value) continue;
    const parameter = `$${name[0]?.toLowerCase()}${name.slice(1)}`;
    const message = `The query parameter '${parameter}' is not supported with '$search'.`;
    throw new BadQuery(`SearchWith${name}`, message);
  }
  if (search !== null && search !== undefined) return messages.filter(searched(search));
  const sorted = orderBy ? messages.toSorted(order(orderBy)) : [...messages];
  if (!filter) return sorted;
  if (orderBy && !filter.startsWith(orderBy.split(' ')[0] ?? '')) {
    const message = 'The restriction or sort order is too complex for this operation.';
    throw new BadQuery('InefficientFilter', message);
  }
  const tests = filter.split(' and ').map(clause);
  return sorted.filter((one) => tests.every((test) => test(one)));
}
