/** Uploads in parts, in their order, and what is kept of a file that has arrived. */
import { createHash, type Hash, randomUUID } from 'node:crypto';
import type Koa from 'koa';
import type { User } from './directory.ts';
import { keepUpload } from './drive-items.ts';
import { swallow } from './file-bytes.ts';
import { driveItem } from './graph/drive-item.ts';
import { graphError } from './graph-error.ts';
import { otherHost } from './other-host.ts';
import type { SandboxState } from './sandbox-state.ts';

const hourMs = 3_600_000;
/** Every part but the last is a multiple of it (Graph's reference, createUploadSession). */
const unit = 320 * 1024;
const largestPart = 60 * 1024 * 1024;

export interface UploadSession {
  readonly user: User;
  readonly name: string;
  readonly hash: Hash;
  received: number;
  /** An hour after the last part. */
  expiresAt: number;
}

/** What a session answers with while parts are missing. */
export const progressOf = ({ received, expiresAt }: UploadSession) => ({
  expirationDateTime: new Date(expiresAt).toISOString(),
  nextExpectedRanges: [`${received}-`],
});

/** Starts an upload, to an address on the host that wants no token. */
export function openUpload(state: SandboxState, user: User, name: string) {
  const id = randomUUID();
  const hash = createHash('sha256');
  const session = { user, name, hash, received: 0, expiresAt: state.now() + hourMs };
  state.uploadSessions.set(id, session);
  const uploadUrl = otherHost(state.url, `/files/uploads/${id}`).href;
  return { uploadUrl, ...progressOf(session) };
}

/** Takes the next part: 202 while more is expected, then what `finishUpload` answers. */
export async function takePart(
  ctx: Koa.Context,
  state: SandboxState,
  id: string,
  upload: UploadSession,
): Promise<void> {
  const refuse = (status: number, code: string, message: string) =>
    graphError(ctx, state, status, code, message);
  const [, ...numbers] = ctx.get('content-range').match(/^bytes (\d+)-(\d+)\/(\d+)$/) ?? [];
  const [first = -1, last = -1, total = -1] = numbers.map(Number);
  const length = last - first + 1;
  if (first < 0 || last >= total || length !== ctx.request.length || length > largestPart) {
    return refuse(400, 'invalidRequest', 'The Content-Range header is not valid.');
  }
  const isLast = last + 1 === total;
  if (!isLast && length % unit !== 0) {
    return refuse(400, 'invalidRequest', 'A part must be a multiple of 320 KiB.');
  }
  if (first !== upload.received) {
    return refuse(416, 'invalidRange', 'The part is not the one that is expected next.');
  }
  const { size, sha256 } = await swallow(ctx, upload.hash);
  upload.received += size;
  upload.expiresAt = state.now() + hourMs;
  if (!isLast) {
    ctx.status = 202;
    ctx.body = progressOf(upload);
    return;
  }
  state.uploadSessions.delete(id);
  finishUpload(ctx, state, upload.user, { name: upload.name, size: upload.received, sha256 });
}

/** Keeps what is known of a file and answers with its item: 201, or 200 in place of another. */
export function finishUpload(
  ctx: Koa.Context,
  state: SandboxState,
  user: User,
  file: { name: string; size: number; sha256: string },
): void {
  const mimeType = ctx.get('content-type') || 'application/octet-stream';
  const { item, replaced } = keepUpload(state, user, { ...file, mimeType });
  state.uploads.push({ username: user.username, ...file });
  ctx.status = replaced ? 200 : 201;
  ctx.body = driveItem(state, user, item);
}
