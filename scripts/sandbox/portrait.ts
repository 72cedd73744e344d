/** A portrait as a PNG picture, drawn from a colour: the photos of the demo people. */
import { crc32, deflateSync } from 'node:zlib';

const size = 192;

type Colour = readonly [number, number, number];

/** A colour of that hue (degrees), saturation and lightness (0 to 1). */
function colour(hue: number, saturation: number, lightness: number): Colour {
  const part = (offset: number) => {
    const k = (offset + hue / 30) % 12;
    const spread = saturation * Math.min(lightness, 1 - lightness);
    return Math.round(255 * (lightness - spread * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
  };
  return [part(0), part(8), part(4)];
}

/** How much of the pixel an ellipse covers, from 0 to 1. */
function cover(x: number, y: number, cx: number, cy: number, rx: number, ry: number): number {
  const distance = (Math.hypot((x - cx) / rx, (y - cy) / ry) - 1) * Math.min(rx, ry);
  return Math.max(0, Math.min(1, 0.5 - distance));
}

const mix = (under: Colour, over: Colour, amount: number): Colour => [
  under[0] + (over[0] - under[0]) * amount,
  under[1] + (over[1] - under[1]) * amount,
  under[2] + (over[2] - under[2]) * amount,
];

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}

/** Head and shoulders before a plain ground, 192 by 192 pixels. */
export function drawPortrait(hue: number): Buffer {
  const [high, low] = [colour(hue, 0.55, 0.8), colour(hue, 0.5, 0.62)];
  const [hair, skin, coat] = [
    colour(hue + 20, 0.3, 0.2),
    colour(22 + (hue % 14), 0.5, 0.58 + (hue % 5) * 0.05),
    colour(hue + 160, 0.45, 0.38),
  ];
  const rows: Buffer[] = [];
  for (let y = 0; y < size; y += 1) {
    const row = Buffer.alloc(1 + size * 3);
    for (let x = 0; x < size; x += 1) {
      let pixel = mix(high, low, y / size);
      pixel = mix(pixel, hair, cover(x, y, 96, 82, 43, 48));
      pixel = mix(pixel, coat, cover(x, y, 96, 200, 74, 66));
      pixel = mix(pixel, skin, cover(x, y, 96, 136, 15, 24));
      pixel = mix(pixel, skin, cover(x, y, 96, 92, 33, 40));
      pixel = mix(pixel, hair, cover(x, y, 88, 52, 38, 20));
      row.set(pixel.map(Math.round), 1 + x * 3);
    }
    rows.push(row);
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(size, 0);
  header.writeUInt32BE(size, 4);
  // 8 bits a channel, red, green and blue.
  header.set([8, 2], 8);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.concat(rows))),
    chunk('IEND', new Uint8Array()),
  ]);
}
