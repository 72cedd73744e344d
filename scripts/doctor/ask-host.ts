/** Asks a host for one page without a token: whether it answers, and until when its certificate lasts. */
import * as http from 'node:http';
import * as https from 'node:https';
import { TLSSocket } from 'node:tls';
import type { Finding } from './check.ts';

export interface HostAnswer {
  readonly status: number;
  /** Epoch milliseconds; `undefined` without TLS. */
  readonly certificateEndsAt: number | undefined;
}

const DAY_MS = 86_400_000;
/** Most are renewed by themselves a month before their end. */
const SOON_MS = 14 * DAY_MS;

/** Rejects as `node:http` does. */
export async function askHost(url: URL, timeoutMs: number): Promise<HostAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<HostAnswer>();
  const { request } = url.protocol === 'https:' ? https : http;
  const signal = AbortSignal.timeout(timeoutMs);
  const asked = request(url, { signal, headers: { accept: 'application/json' } }, (response) => {
    const { socket } = response;
    const endsAt =
      socket instanceof TLSSocket ? Date.parse(socket.getPeerCertificate().valid_to) : Number.NaN;
    resolve({
      status: response.statusCode ?? 0,
      certificateEndsAt: Number.isNaN(endsAt) ? undefined : endsAt,
    });
    // The status is all that is asked for.
    response.destroy();
  });
  asked.on('error', reject);
  asked.end();
  return await promise;
}

/** What is to be said of a certificate that ends soon. */
export function certificateWarning(
  { certificateEndsAt }: HostAnswer,
  { host }: URL,
  now: number,
): Pick<Finding, 'seen' | 'mend'> | undefined {
  if (certificateEndsAt === undefined || certificateEndsAt - now > SOON_MS) return undefined;
  const days = Math.max(0, Math.floor((certificateEndsAt - now) / DAY_MS));
  const day = new Date(certificateEndsAt).toISOString().slice(0, 10);
  return {
    seen: `The certificate of ${host} expires in ${days} days, on ${day}.`,
    mend: { text: 'Have whoever runs that host renew it.' },
  };
}
