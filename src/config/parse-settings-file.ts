/** Parses a settings file: JSON with comments and trailing commas, into a tree. */
import {
  createScanner,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode,
} from 'jsonc-parser';
import { z } from 'zod';
import { type ConfigBranch, type ConfigNode, emptyBranch, isBranch } from './config-tree.ts';
import type { FaultReport } from './faults.ts';

const PROBLEMS: Readonly<Record<string, readonly [problem: string, fix: string]>> = {
  ValueExpected: ['a value is missing or not JSON', 'Put text in double quotes.'],
  InvalidSymbol: ['a word is not JSON', 'Put names and text in double quotes.'],
  PropertyNameExpected: ['a name in double quotes is missing', 'Put names in double quotes.'],
  ColonExpected: ['a colon is missing after a name', 'Put ":" between the name and its value.'],
  CloseBraceExpected: ['a closing brace is missing', 'Add "}" for each "{".'],
  CloseBracketExpected: ['a closing bracket is missing', 'Add "]" for each "[".'],
  EndOfFileExpected: ['something follows the end', 'Remove what stands after the last "}".'],
  UnexpectedEndOfString: ['a text has no closing quote', 'End the text on its line with ".'],
  UnexpectedEndOfComment: ['a comment has no end', 'End the comment with "*/".'],
  InvalidEscapeCharacter: [
    'a backslash is not followed by what JSON knows',
    'Write "\\\\" for "\\".',
  ],
};
const FIRST_ERRORS = 5;

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);

/**
 * The tree of `json`. Missing commas do not stop it, so that other faults are told with them;
 * after any other syntax error it gives `undefined`.
 */
export function parseSettingsFile(
  json: string,
  fileName: string,
  report: FaultReport,
): ConfigBranch | undefined {
  if (json.trim() === '') {
    report.fault(fileName, 'is empty', 'Write at least "{}" into it, or remove it.');
    return undefined;
  }
  const errors: ParseError[] = [];
  const root = parseTree(json, errors, { allowTrailingComma: true });
  for (const error of errors.slice(0, FIRST_ERRORS)) reportSyntax(json, error, fileName, report);
  if (errors.some((error) => printParseErrorCode(error.error) !== 'CommaExpected'))
    return undefined;
  const tree =
    root &&
    readNode(root, '', (key, offset) => {
      const { line } = positionAt(json, offset);
      const problem = `is written twice in ${fileName}, the second time at line ${line}`;
      report.fault(key, problem, 'Keep one of them; letter case makes no difference.');
    });
  if (isBranch(tree) && !tree.isList) return tree;
  report.fault(fileName, 'does not hold an object', 'Put the sections between "{" and "}".');
  return undefined;
}

function readNode(
  node: Node,
  path: string,
  reportTwice: (key: string, offset: number) => void,
): ConfigNode {
  const name = path.split(':').at(-1) ?? '';
  const parts = node.children ?? [];
  if (node.type === 'array') {
    const list = emptyBranch(name, true);
    parts.forEach((part, i) => {
      list.children.set(String(i), readNode(part, `${path}:${i}`, reportTwice));
    });
    return list;
  }
  if (node.type !== 'object') return { name, value: scalar.parse(node.value) };
  const branch = emptyBranch(name);
  for (const { children: [keyNode, valueNode] = [] } of parts) {
    if (!keyNode || !valueNode) continue;
    const key = z.string().parse(keyNode.value);
    const childPath = path === '' ? key : `${path}:${key}`;
    if (branch.children.has(key.toLowerCase())) reportTwice(childPath, keyNode.offset);
    branch.children.set(key.toLowerCase(), readNode(valueNode, childPath, reportTwice));
  }
  return branch;
}

function reportSyntax(
  json: string,
  error: ParseError,
  fileName: string,
  report: FaultReport,
): void {
  const { line, column } = positionAt(json, error.offset);
  const code = printParseErrorCode(error.error);
  const where = `cannot be read at line ${line}, column ${column}`;
  if (code === 'CommaExpected') {
    const before = positionAt(json, endOfTokenBefore(json, error.offset));
    const place = `line ${before.line}, column ${before.column}`;
    report.fault(fileName, `${where}: a comma is missing`, `Add a comma at ${place}.`);
    return;
  }
  const [problem, fix] = PROBLEMS[code] ?? ['it is not JSON', 'Look at that place.'];
  report.fault(fileName, `${where}: ${problem}`, fix);
}

function endOfTokenBefore(json: string, offset: number): number {
  const scanner = createScanner(json, true);
  let end = 0;
  for (scanner.scan(); scanner.getTokenOffset() < offset; scanner.scan()) {
    end = scanner.getTokenOffset() + scanner.getTokenLength();
  }
  return end;
}

function positionAt(text: string, offset: number): { line: number; column: number } {
  const lines = text.slice(0, offset).split('\n');
  return { line: lines.length, column: (lines.at(-1) ?? '').length + 1 };
}
