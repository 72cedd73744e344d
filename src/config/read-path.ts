/** Reads the path of a file, and tells one from what belongs into the file: that is never repeated. */
import { resolve } from 'node:path';
import type { Section } from './section.ts';

/** A key or a certificate in PEM, a JWT, or anything longer than a path may be. */
const NO_PATH = /-----BEGIN|[\r\n]|eyJ[\w-]{5,}\.[\w-]+\./;
/** No part of a path may be longer (NAME_MAX). */
const MAX_PART = 255;

/** From `directory` on; `undefined` where there is none, or where it is none, which is reported. */
export function readPath<Key extends string>(
  section: Section<Key>,
  key: Key,
  directory: string,
): string | undefined {
  const written = section.text(key);
  if (written === undefined) return undefined;
  if (!NO_PATH.test(written) && written.split(/[\\/]/).every(({ length }) => length <= MAX_PART))
    return resolve(directory, written);
  const fix = 'Write it into a file that only this site can read, and name the file here.';
  section.fault(key, 'holds the key or token itself, where its file is to be named', fix);
  return undefined;
}
