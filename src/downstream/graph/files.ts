/** The person's files in Graph (OneDrive): folders, page by page, and the content of a file. */
import { z } from 'zod';
import type { ApiAnswer } from '../api-client.ts';
import { readBatch } from './batch.ts';
import { type Graph, type GraphPage, selecting } from './graph.ts';
import { optionalLink, optionalText } from './graph-fields.ts';
import type { PageStart } from './next-page.ts';

const PERMISSION = 'Files.Read';
const PAGE = '50';

const itemSchema = z.object({
  id: z.string(),
  name: z.string(),
  /** In bytes. */
  size: z.number().nullish(),
  lastModifiedDateTime: optionalText,
  webUrl: optionalLink,
  folder: z.object({ childCount: z.number().nullish() }).nullish(),
  file: z.object({ mimeType: optionalText }).nullish(),
});
export type DriveItem = z.output<typeof itemSchema>;

const folderSchema = z.object({
  id: z.string(),
  name: z.string(),
  parentReference: z
    .object({ id: optionalText, path: optionalText })
    .nullish()
    // The topmost folder is known without its id.
    .transform((parent) => (parent?.path?.endsWith('/root:') ? undefined : parent?.id)),
});

export interface Folder {
  /** Empty for the topmost one. */
  readonly name: string;
  /** The id of the folder it is in; absent for the topmost one. */
  readonly parentId: string | undefined;
  readonly page: GraphPage<DriveItem>;
}

interface FolderChoice {
  /** The topmost one without. */
  readonly id?: string | undefined;
  readonly start?: PageStart | undefined;
}

/** Whether a text can be the id of a file or folder: one segment of a path that means nothing else. */
export function isItemId(id: string): boolean {
  return /^(?!\.+$)[\w!.~-]{1,200}$/.test(id);
}

/** A folder with one page of what is in it, in one request. @throws {SignInRequired} no consent to Files.Read. */
export async function readFolder(graph: Graph, { id, start }: FolderChoice = {}): Promise<Folder> {
  const inside = { $top: PAGE, $orderby: 'name' };
  if (id === undefined) {
    const path = '/me/drive/root/children';
    const page = await graph.list(itemSchema, {
      path,
      permission: PERMISSION,
      query: inside,
      start,
    });
    return { name: '', parentId: undefined, page };
  }
  const path = `/me/drive/items/${encodeURIComponent(id)}`;
  const query = { ...inside, ...(start && { [start.by]: start.value }) };
  const [folder, children] = await readBatch(
    graph,
    [
      { path, query: selecting(folderSchema) },
      { path: `${path}/children`, query: selecting(itemSchema, query) },
    ],
    { permission: PERMISSION },
  );
  if (folder?.status !== 'fulfilled') throw folder?.reason;
  if (children?.status !== 'fulfilled') throw children?.reason;
  const { name, parentReference: parentId } = graph.shaped(folderSchema, folder.value);
  return { name, parentId, page: graph.page(itemSchema, children.value) };
}

export function readItem(graph: Graph, id: string): Promise<DriveItem> {
  const path = `/me/drive/items/${encodeURIComponent(id)}`;
  return graph.read(itemSchema, { path, permission: PERMISSION });
}

/**
 * The content of a file. Graph sends on to a host that keeps files, which the section has to name
 * among its `RedirectHosts`.
 *
 * @throws {ApiFailed} the host is none of those.
 */
export function readContent(graph: Graph, id: string): Promise<ApiAnswer> {
  const path = `/me/drive/items/${encodeURIComponent(id)}/content`;
  return graph.relay({ path, permission: PERMISSION });
}
