/** A file or folder as Graph shows it. */
import type { User } from '../directory.ts';
import { downloadUrl } from '../download-url.ts';
import { type DriveItem, etagOf, itemsOf, rootId } from '../drive-items.ts';
import type { SandboxState } from '../sandbox-state.ts';
import type { Entity } from './entity-list.ts';

export function driveItem(state: SandboxState, user: User, item: DriveItem): Entity {
  const { id, name, parentId, size, mimeType, sha256 } = item;
  const at = new Date(state.now() - 86_400_000).toISOString();
  const children = itemsOf(state, user).filter((each) => each.parentId === id);
  const hashes = sha256 === undefined ? {} : { hashes: { sha256Hash: sha256.toUpperCase() } };
  return {
    ...(mimeType !== undefined && {
      '@microsoft.graph.downloadUrl': downloadUrl(state, user, item),
    }),
    createdDateTime: at,
    eTag: etagOf(item),
    id,
    lastModifiedDateTime: at,
    name,
    webUrl: `https://contoso.example/${encodeURIComponent(name)}`,
    size,
    parentReference: {
      driveType: 'business',
      driveId: `b!${user.id}`,
      id: parentId,
      path: parentId === rootId ? '/drive/root:' : undefined,
    },
    ...(mimeType === undefined
      ? { folder: { childCount: children.length } }
      : { file: { mimeType, ...hashes } }),
  };
}
