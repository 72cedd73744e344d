/** Keys for a developer's machine: made once, and kept in a file that git ignores. */
import { linkSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { FaultReport } from './faults.ts';
import { readTextFile } from './read-text-file.ts';

export interface LocalKeys {
  readonly encryptionKeys: readonly Buffer[];
  readonly indexKey: Buffer;
}

export const LOCAL_KEYS_FILE = '.local/keys.json';
const KEY_BYTES = 32;
const LET = 'Let this process use the file, or set TokenCache:EncryptionKeys and IndexKey.';

const key = z
  .base64()
  .transform((text) => Buffer.from(text, 'base64'))
  .refine(({ length }) => length === KEY_BYTES);
const jsonText = z.string().transform((text, context) => {
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch {
    // The caller tells the operator what to do; the text holds keys.
    context.addIssue('not JSON');
    return z.NEVER;
  }
});
const fileSchema = jsonText.pipe(z.object({ encryptionKeys: z.array(key).min(1), indexKey: key }));

/**
 * The keys of `.local/keys.json` below `directory`, which is made if it is absent; `undefined` if
 * that cannot be done, which is reported. Without `mayWrite` nothing is made but the keys.
 */
export function localKeys(
  directory: string,
  randomBytes: (size: number) => Buffer,
  report: FaultReport,
  { mayWrite = true } = {},
): LocalKeys | undefined {
  const path = join(directory, LOCAL_KEYS_FILE);
  if (readTextFile(path).state === 'absent') {
    const keys = { encryptionKeys: [randomBytes(KEY_BYTES)], indexKey: randomBytes(KEY_BYTES) };
    if (!mayWrite) return keys;
    const problem = writeOnce(path, keys, randomBytes(8).toString('hex'));
    if (problem) return reportFile(problem, LET, report);
  }
  // What is in the file counts, since another process may have been first.
  const text = readTextFile(path);
  const parsed = fileSchema.safeParse(text.state === 'read' ? text.content : '');
  if (parsed.success) return parsed.data;
  if (text.state === 'unreadable') return reportFile(`cannot be read (${text.code})`, LET, report);
  const fix = 'Restore it, or remove it: what was sealed with its keys is lost then.';
  return reportFile('does not hold keys that this site made', fix, report);
}

function reportFile(problem: string, fix: string, report: FaultReport): undefined {
  report.fault(LOCAL_KEYS_FILE, problem, fix);
}

/** Writes the whole file or nothing, and never over another one. Gives the problem, if any. */
function writeOnce(path: string, keys: LocalKeys, suffix: string): string | undefined {
  const temporary = `${path}.${suffix}`;
  try {
    mkdirSync(join(path, '..'), { recursive: true, mode: 0o700 });
    writeFileSync(temporary, fileText(keys), { flag: 'wx', mode: 0o600 });
    linkSync(temporary, path);
  } catch (error) {
    // A file made by another process meanwhile is as good; else the operator is told.
    const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
    if (code === undefined) throw error;
    return code === 'EEXIST' ? undefined : `cannot be written (${code})`;
  } finally {
    rmSync(temporary, { force: true });
  }
  return undefined;
}

function fileText({ encryptionKeys, indexKey }: LocalKeys): string {
  const text = (bytes: Buffer) => bytes.toString('base64');
  const content = { encryptionKeys: encryptionKeys.map(text), indexKey: text(indexKey) };
  return `${JSON.stringify(content, null, 2)}\n`;
}
