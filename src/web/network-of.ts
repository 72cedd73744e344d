/** Tells where a request came from, and whose are counted together: those of one IPv4 address or one IPv6 network. */
import { isIP } from 'node:net';

/** An address with a port behind it, as some proxies write it. */
const WITH_PORT = /^(?:([\d.]{7,15})|\[([\da-f:.]{2,45})\]):\d{1,5}$/i;
const MAPPED = /^::ffff:([\d.]+)$/i;

/** The network of the address that a request came from. */
export function networkOf(sent: string, remote: string | undefined): string {
  const address = addressOf(sent, remote);
  return isIP(address) === 6 ? prefixOf(address) : address;
}

/** The address that a request came from; `remote` where `sent` is no address. */
export function addressOf(sent: string, remote: string | undefined): string {
  const address = addressIn(sent) ?? remote ?? '';
  // A zone (`%eth0`) is no part of what came over the network.
  const plain = address.replace(/%.*$/s, '');
  return MAPPED.exec(plain)?.[1] ?? plain;
}

function addressIn(text: string): string | undefined {
  if (isIP(text)) return text;
  const [, v4 = '', v6 = ''] = WITH_PORT.exec(text) ?? [];
  return [v4, v6].find((address) => isIP(address));
}

/** The first 64 bits: whoever has one address of IPv6 has all those that begin so. */
function prefixOf(address: string): string {
  // A URL's host is written in one way only (RFC 5952).
  const [left = '', right = ''] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const head = left.split(':').filter(Boolean);
  const tail = right.split(':').filter(Boolean);
  const zeros = Array<string>(8 - head.length - tail.length).fill('0');
  return [...head, ...zeros, ...tail].slice(0, 4).join(':');
}
