/** What a failure of an SQLite file means, told by its error codes. */
import { existsSync } from 'node:fs';
import type { Failure } from './backend.ts';
import type { StoreState } from './store-unavailable.ts';

/** Result codes (https://www.sqlite.org/rescode.html). */
const BUSY = 5;
const LOCKED = 6;
const READONLY = 8;
const CORRUPT = 11;
const FULL = 13;
const CANTOPEN = 14;
const NOTADB = 26;

const STATES: ReadonlyMap<unknown, StoreState> = new Map([
  [READONLY, 'readonly'],
  [FULL, 'full'],
]);

const DAMAGED = 'it is damaged, or is no SQLite database';
const HELD = 'another program holds it locked';
const NOT_OURS = 'this user may not write it';
const NO_ROOM = 'the disk is full';
const NO_WAY = 'a part of its path is no folder';

const WORDS: ReadonlyMap<unknown, string> = new Map<unknown, string>([
  [BUSY, HELD],
  [LOCKED, HELD],
  [READONLY, NOT_OURS],
  [CORRUPT, DAMAGED],
  [NOTADB, DAMAGED],
  [FULL, NO_ROOM],
  ['EACCES', NOT_OURS],
  ['EPERM', NOT_OURS],
  ['EROFS', NOT_OURS],
  ['ENOSPC', NO_ROOM],
  ['ENOTDIR', NO_WAY],
  ['EEXIST', NO_WAY],
]);

/** Another program writes just now. */
export function isBusy(error: unknown): boolean {
  return codeOf(error) === BUSY;
}

/** A statement that fails is rolled back whole. */
export function explainSqliteFailure(error: unknown): Failure {
  const reason = error instanceof Error ? error.message : 'unknown';
  return { reason, outcome: 'not-done', state: STATES.get(codeOf(error)) ?? 'down' };
}

/** Why a file cannot be opened, for the operator. */
export function whyUnusable(file: string, error: unknown): string {
  const code = codeOf(error);
  // Only a folder is there under its name with a slash at the end.
  if (code === CANTOPEN && existsSync(`${file}/`)) return 'it is a folder';
  return WORDS.get(code) ?? 'it cannot be opened';
}

/** SQLite's primary result code, else the code of the file system. */
function codeOf(error: unknown): unknown {
  if (!(error instanceof Error)) return undefined;
  if ('errcode' in error && typeof error.errcode === 'number') return error.errcode & 0xff;
  return 'code' in error ? error.code : undefined;
}
