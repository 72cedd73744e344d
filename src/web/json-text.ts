/** Writes an API's JSON for people to read, within bounds: indentation can make it any size. */

const MAX_DEPTH = 32;

interface JsonText {
  readonly text: string;
  /** Whether it ends at its limit instead of its end. */
  readonly isCut: boolean;
}

/** `value` as indented JSON of at most `maxLength` characters; what lies too deep is an ellipsis. */
export function jsonText(value: unknown, maxLength: number): JsonText {
  let text = '';
  for (const piece of piecesOf(value, 0)) {
    text += piece;
    if (text.length > maxLength) return { text: text.slice(0, maxLength), isCut: true };
  }
  return { text, isCut: false };
}

function* piecesOf(value: unknown, depth: number): Generator<string> {
  if (typeof value !== 'object' || value === null) {
    yield JSON.stringify(value);
    return;
  }
  const isList = Array.isArray(value);
  const [open, close] = isList ? ['[', ']'] : ['{', '}'];
  const names = Object.keys(value);
  if (names.length === 0 || depth === MAX_DEPTH) {
    yield names.length === 0 ? `${open}${close}` : '…';
    return;
  }
  let before = open;
  for (const [name, member] of Object.entries(value)) {
    yield `${before}\n${'  '.repeat(depth + 1)}${isList ? '' : `${JSON.stringify(name)}: `}`;
    yield* piecesOf(member, depth + 1);
    before = ',';
  }
  yield `\n${'  '.repeat(depth)}${close}`;
}
