/** Says what a broken exchange means for an operator, told by the codes of Node, undici and OpenSSL. */
import { shellWord } from '../shell-word.ts';
import type { Mend } from './check.ts';

export interface Trouble {
  readonly seen: string;
  readonly mend: Mend;
}

const UNKNOWN_AUTHORITY = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
]);
const NO_ANSWER = new Set([
  'TimeoutError',
  'AbortError',
  'ABORT_ERR',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
]);

/** `key`: the setting that names the host. */
export function networkTrouble(error: unknown, url: URL, key: string): Trouble {
  const { hostname, protocol } = url;
  const port = url.port || (protocol === 'https:' ? '443' : '80');
  const at = `${hostname}:${port}`;
  const code = codeOf(error);
  const server = `-connect ${shellWord(at)} -servername ${shellWord(hostname)}`;
  const showDates = `openssl s_client ${server} </dev/null | openssl x509 -noout -subject -issuer -dates`;
  const look = `getent hosts ${shellWord(hostname)}`;
  const call = `curl -sv -o /dev/null ${shellWord(url.href)}`;
  const trouble = (seen: string, text: string, command: string): Trouble => ({
    seen: `${seen} (${code}).`,
    mend: { text, command },
  });
  if (code === 'ENOTFOUND') {
    const text = `Check the host in ${key}, and the name servers of this machine.`;
    return trouble(`${hostname} does not resolve`, text, look);
  }
  if (code === 'EAI_AGAIN') {
    const text = 'Mend the name servers of this machine, or its way to them.';
    return trouble(`No name server answers for ${hostname}`, text, look);
  }
  if (code === 'ECONNREFUSED') {
    const text = `Start what is to listen there, or correct host and port in ${key}.`;
    return trouble(`${at} refuses connections`, text, call);
  }
  if (NO_ANSWER.has(code)) {
    const text = `Let firewalls, network security groups and proxies pass ${at}, outwards from this machine.`;
    return trouble(`${at} does not answer in time`, text, call);
  }
  if (UNKNOWN_AUTHORITY.has(code)) {
    const text =
      'If it is a private authority or a proxy that opens TLS, name its certificate in NODE_EXTRA_CA_CERTS.';
    const seen = `The certificate of ${at} is of an authority that this machine does not know`;
    return trouble(seen, text, showDates);
  }
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    const seen = `The certificate of ${at} ${code === 'CERT_HAS_EXPIRED' ? 'has expired' : 'is not valid yet'}`;
    const text = 'Renew it, if the clock of this machine is right.';
    return trouble(seen, text, showDates);
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const text = `Write the host in ${key} as its certificate has it, or renew the certificate for that name.`;
    return trouble(`The certificate of ${at} is for another host`, text, showDates);
  }
  const text =
    'See what stands between: a proxy, another protocol at that port, a host that is ill.';
  return trouble(`The exchange with ${at} broke`, text, call);
}

/** The innermost code there is; a name where there is none. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0]);
  if (error.cause instanceof Error) return codeOf(error.cause);
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
