/** The files of each demo person: a small tree, what they uploaded, and a file of any size on demand. */
import type { User } from './directory.ts';
import { guidOf } from './guid-of.ts';
import type { SandboxState } from './sandbox-state.ts';

export interface DriveItem {
  readonly id: string;
  readonly name: string;
  /** Of the folder that it is in. */
  readonly parentId: string;
  readonly size: number;
  /** Of files alone. */
  readonly mimeType: string | undefined;
  /** Of what was uploaded: its hash; its bytes are not kept. */
  readonly sha256?: string;
  readonly version: number;
}

export const rootId = 'root';

const pdf = 'application/pdf';
const text = 'text/plain';
const files = [
  [rootId, 'Depot map.pdf', 184_320, pdf],
  [rootId, 'Notes.txt', 1_204, text],
  [rootId, 'Preise & “Größen” 100 %.txt', 733, text],
  [rootId, 'Walk round the yard.mp4', 314_572_800, 'video/mp4'],
  ['Plans', 'Racking, aisle 4.pdf', 96_100, pdf],
  ['Plans', 'Loading bay.svg', 12_500, 'image/svg+xml'],
  ['Plans', 'Index.html', 2_048, 'text/html'],
] as const;

const photos = Array.from(
  { length: 30 },
  (_, index) =>
    ['Photos', `Photo ${index + 1}.jpg`, 240_000 + index * 1_000, 'image/jpeg'] as const,
);

/** The whole tree of one person, folders first. */
export function itemsOf(state: SandboxState, user: User): readonly DriveItem[] {
  const idOf = (name: string) => (name === rootId ? rootId : guidOf('item', user.id, name));
  const folder = (name: string) => ({
    id: idOf(name),
    name,
    parentId: rootId,
    size: 0,
    mimeType: undefined,
    version: 1,
  });
  return [
    ...['Photos', 'Plans'].map(folder),
    ...[...files, ...photos].map(([parent, name, size, mimeType]) => ({
      ...{ id: idOf(name), name, parentId: idOf(parent), size, mimeType, version: 1 },
    })),
    ...(state.uploaded.get(user.id)?.values() ?? []),
  ];
}

/** One item; the id `big-<bytes>` is a file of that size, in everybody's drive and in no folder. */
export function findItem(state: SandboxState, user: User, id: string): DriveItem | undefined {
  const size = Number(id.match(/^big-(\d{1,13})$/)?.[1]);
  if (Number.isNaN(size)) return itemsOf(state, user).find((item) => item.id === id);
  const mimeType = 'application/octet-stream';
  return { id, name: `${id}.bin`, parentId: '', size, mimeType, version: 1 };
}

export const etagOf = ({ id, version }: DriveItem): string => `"{${id}},${version}"`;

/** Puts an uploaded file into the root; one of that name is replaced. */
export function keepUpload(
  state: SandboxState,
  user: User,
  file: { name: string; size: number; sha256: string; mimeType: string },
): { item: DriveItem; replaced: boolean } {
  const kept = state.uploaded.get(user.id) ?? new Map<string, DriveItem>();
  state.uploaded.set(user.id, kept);
  const before = kept.get(file.name);
  const id = guidOf('upload', user.id, file.name);
  const item = { ...file, id, parentId: rootId, version: (before?.version ?? 0) + 1 };
  kept.set(file.name, item);
  return { item, replaced: before !== undefined };
}
