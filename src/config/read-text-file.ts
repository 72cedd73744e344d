/** Reads a text file, telling one that is absent from one that cannot be read. */
import { readFileSync } from 'node:fs';

export type FileText =
  | { readonly state: 'read'; readonly content: string }
  | { readonly state: 'absent' }
  /** `code` is the system's, such as EACCES. */
  | { readonly state: 'unreadable'; readonly code: string };

export function readTextFile(path: string): FileText {
  try {
    return { state: 'read', content: readFileSync(path, 'utf8').replace(/^\uFEFF/, '') };
  } catch (error) {
    // Each state has its own answer for the operator; only what is no file error goes on.
    const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
    if (code === undefined) throw error;
    return code === 'ENOENT' ? { state: 'absent' } : { state: 'unreadable', code };
  }
}
