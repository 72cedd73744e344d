/** Reads the media type that an API names for its answer, and writes it so that it has one meaning. */

const TYPE = /^\s*([\w!#$&^.+-]+\/[\w!#$&^.+-]+)\s*(?:;|$)/;
const CHARSET = /;\s*charset="?([\w.:+-]+)"?\s*(?:;|$)/i;

export interface MediaType {
  /** Type and subtype in lower case. */
  readonly essence: string;
  /** For `Content-Type`: with the charset, and no other parameter. */
  readonly header: string;
}

/** The media type; unknown bytes for one that a browser could read as another one, or not at all. */
export function mediaType(sent: string | string[] | undefined): MediaType {
  const text = [sent].flat()[0] ?? '';
  const essence = TYPE.exec(text)?.[1]?.toLowerCase();
  // Of types in a list, the last one counts for browsers.
  if (essence === undefined || text.includes(',')) {
    return { essence: 'application/octet-stream', header: 'application/octet-stream' };
  }
  const charset = CHARSET.exec(text)?.[1]?.toLowerCase();
  return { essence, header: charset ? `${essence}; charset=${charset}` : essence };
}
