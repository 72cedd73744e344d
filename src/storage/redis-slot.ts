/** The slot of a name in a Redis Cluster (https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/). */

export const SLOTS = 16_384;

/** CRC16 (XMODEM) of what stands between the first braces, else of the whole name. */
export function slotOf(name: string): number {
  const tag = /^[^{]*\{([^}]*)\}/.exec(name)?.[1];
  let crc = 0;
  for (const byte of Buffer.from(tag || name)) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1) {
      crc = (crc << 1) ^ (crc & 0x8000 ? 0x1021 : 0);
    }
    crc &= 0xffff;
  }
  return crc % SLOTS;
}
