/** Tells whether files have changed since they were read, without reading them. */
import { stat } from 'node:fs/promises';

/**
 * One text for the files as they are now. Links are followed, so that a mounted secret which is
 * replaced by turning a link, as Kubernetes does, is seen too; absent files have a state of their own.
 */
export async function fileState(paths: readonly string[]): Promise<string> {
  const states = await Promise.all(paths.map(stateOf));
  return states.join(' ');
}

async function stateOf(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join('-');
  } catch (error) {
    // What it means is said by whoever reads the file.
    return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  }
}
