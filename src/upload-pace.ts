/** Ends requests whose bodies hardly come, however large they may be. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';

export interface Pace {
  readonly windowMs: number;
  /** What has to come of a body within each window, if the site is ready to take it. */
  readonly minBytes: number;
}

/** 240 bytes a second: no connection that anybody waits for is slower. */
export const defaultPace: Pace = { windowMs: 30_000, minBytes: 7200 };

interface Upload {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Of the whole connection, at the beginning of the window; none in the first, which is cut short. */
  bytesBefore: number | undefined;
  wasAnswered: boolean;
}

/**
 * In place of a limit on the time of a whole request, which no large upload would keep. A body that
 * still comes a window after its request was answered is refused, too: it is read for nobody.
 */
export function keepUploadPace(server: Server, { windowMs, minBytes }: Pace = defaultPace): void {
  const uploads = new Set<Upload>();
  server.on('request', (request, response) => {
    const { 'content-length': length, 'transfer-encoding': coding } = request.headers;
    if (coding === undefined && (length === undefined || length === '0')) return;
    const upload = { request, response, bytesBefore: undefined, wasAnswered: false };
    uploads.add(upload);
    request.once('close', () => uploads.delete(upload));
  });
  const timer = setInterval(() => uploads.forEach(check), windowMs).unref();
  server.once('close', () => clearInterval(timer));

  function check(upload: Upload): void {
    const { request, response, bytesBefore, wasAnswered } = upload;
    if (request.complete) {
      uploads.delete(upload);
      return;
    }
    const { bytesRead } = request.socket;
    const came = bytesBefore === undefined ? minBytes : bytesRead - bytesBefore;
    const isSlow = isAwaited(request) && came < minBytes;
    if (isSlow || wasAnswered) request.socket.destroy();
    upload.bytesBefore = bytesRead;
    upload.wasAnswered = response.writableFinished;
  }
}

/** Whether nothing that came waits to be read: then whoever sends is the slow one. */
function isAwaited(request: IncomingMessage): boolean {
  return request.readableLength < request.readableHighWaterMark;
}
