/** Finds in an API's JSON the list or object that can be read as a table. */
import { z } from 'zod';

export interface JsonTable {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Rows that are not shown. */
  readonly hidden: number;
}

const MAX_COLUMNS = 8;
const MAX_ROWS = 100;
const objectSchema = z.record(z.string(), z.unknown());
const rowsSchema = z.array(objectSchema).min(1);
/** Lists stand alone or under the one name that APIs commonly use. */
const listSchema = z.union([
  rowsSchema,
  z.object({ value: rowsSchema }).transform(({ value }) => value),
  z.object({ items: rowsSchema }).transform(({ items }) => items),
]);
const cellSchema = z.union([z.string(), z.number(), z.boolean(), z.null()]);

/** The table of a list of objects, by those of their members that are plain values. */
export function jsonTable(answer: unknown): JsonTable | undefined {
  const list = listSchema.safeParse(answer).data;
  if (!list) return undefined;
  const names = new Set(list.flatMap((row) => Object.keys(row)));
  const columns = [...names]
    .filter((name) => !name.startsWith('@') && list.every((row) => isCell(row[name])))
    .slice(0, MAX_COLUMNS);
  if (columns.length === 0) return undefined;
  const rows = list.slice(0, MAX_ROWS).map((row) => columns.map((name) => cellText(row[name])));
  return { columns, rows, hidden: list.length - rows.length };
}

function isCell(value: unknown): boolean {
  return value === undefined || cellSchema.safeParse(value).success;
}

function cellText(value: unknown): string {
  if (value === undefined || value === null) return '–';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return String(value);
}
