/** Packing: longer texts are compressed before they are sealed, since base64 alone makes a third more of them. */
import { deflateRawSync, inflateRawSync } from 'node:zlib';

/** Below this there is little to win. */
const MIN_CHARACTERS = 1024;
/** More than most records hold: a larger buffer takes longer to make than to fill. */
const CHUNK_BYTES = 8192;
/** No text begins with it. */
const PACKED = Buffer.of(0);

/** The bytes of a text that does not begin with a zero character; compressed (RFC 1951) if it is long. */
export function pack(text: string): Buffer {
  if (text.length < MIN_CHARACTERS) return Buffer.from(text, 'utf8');
  return Buffer.concat([PACKED, deflateRawSync(text, { level: 1 })]);
}

/** The text of packed bytes. @throws {Error} they were not made by `pack`. */
export function unpack(bytes: Buffer): string {
  const text =
    bytes[0] === PACKED[0] ? inflateRawSync(bytes.subarray(1), { chunkSize: CHUNK_BYTES }) : bytes;
  return text.toString('utf8');
}
