/** Finds in an API's JSON the list of objects that can be read as a table. */
import { z } from 'zod';

export interface JsonTable {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Rows that are not shown. */
  readonly hidden: number;
}

type Row = Readonly<Record<string, unknown>>;

const MAX_COLUMNS = 8;
const MAX_ROWS = 100;
/** The names that are considered for columns: each costs a look at every row. */
const MAX_NAMES = 64;
const anyListSchema = z.array(z.unknown());
/** Lists stand alone or under the one name that APIs commonly use. */
const listSchema = z.union([
  anyListSchema,
  z.object({ value: anyListSchema }).transform(({ value }) => value),
  z.object({ items: anyListSchema }).transform(({ items }) => items),
]);
const rowsSchema = z.array(z.record(z.string(), z.unknown())).min(1);
const cellSchema = z.union([z.string(), z.number(), z.boolean(), z.null()]);

/** The table of a list of objects, by those of their members that are plain values. */
export function jsonTable(answer: unknown): JsonTable | undefined {
  const list = listSchema.safeParse(answer).data ?? [];
  const shown = rowsSchema.safeParse(list.slice(0, MAX_ROWS)).data;
  if (!shown) return undefined;
  const columns = columnsOf(shown);
  if (columns.length === 0) return undefined;
  const rows = shown.map((row) => columns.map((name) => cellText(row[name])));
  return { columns, rows, hidden: list.length - rows.length };
}

function columnsOf(rows: readonly Row[]): string[] {
  const columns: string[] = [];
  for (const name of namesOf(rows)) {
    if (columns.length === MAX_COLUMNS) break;
    if (rows.every((row) => isCell(row[name]))) columns.push(name);
  }
  return columns;
}

function namesOf(rows: readonly Row[]): Set<string> {
  const names = new Set<string>();
  for (const row of rows) {
    for (const name of Object.keys(row)) {
      if (names.size === MAX_NAMES) return names;
      if (!name.startsWith('@')) names.add(name);
    }
  }
  return names;
}

function isCell(value: unknown): boolean {
  return value === undefined || cellSchema.safeParse(value).success;
}

function cellText(value: unknown): string {
  if (value === undefined || value === null) return '–';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return String(value);
}
