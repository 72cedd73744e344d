/** A browser reduced to its headers and cookies: sends exactly what a test says, follows nothing. */
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { buffer } from 'node:stream/consumers';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly location: string;
  /** The `Set-Cookie` lines. */
  readonly cookies: readonly string[];
  json(): Record<string, unknown>;
}

interface Sending {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
}

/** What a browser sends when a person follows a link. */
export const NAVIGATE = {
  accept: 'text/html,application/xhtml+xml,*/*;q=0.8',
  'sec-fetch-site': 'none',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
};

/** What a browser sends for a script of the site's own page. */
export const FETCH = {
  accept: '*/*',
  'sec-fetch-site': 'same-origin',
  'sec-fetch-mode': 'cors',
  'sec-fetch-dest': 'empty',
};

export class Browser {
  readonly jar = new Map<string, string>();
  readonly #port: number;
  readonly #origin: string;

  constructor(port: number, origin: string) {
    this.#port = port;
    this.#origin = origin;
  }

  /** The same cookies in another window, which goes its own way from here. */
  copy(): Browser {
    const other = new Browser(this.#port, this.#origin);
    for (const [name, value] of this.jar) other.jar.set(name, value);
    return other;
  }

  open(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send(path, { headers: { ...NAVIGATE, ...headers } });
  }

  fetch(path: string, { headers, ...sending }: Sending = {}): Promise<Answer> {
    return this.send(path, { ...sending, headers: { ...FETCH, ...headers } });
  }

  /** Submits the form that signs out. */
  signOut(headers: Record<string, string> = { 'sec-fetch-site': 'same-origin' }): Promise<Answer> {
    return this.send('/sign-out', { method: 'POST', headers: { accept: 'text/html', ...headers } });
  }

  /** Begins a sign-in, or a consent a page asked for; gives the callback's path. */
  async begin(path = '/sign-in'): Promise<string> {
    const answer = await this.open(path);
    const state = URL.parse(answer.location)?.searchParams.get('state');
    if (!state) throw new Error(`no sign-in began: ${answer.status} ${answer.text.slice(0, 500)}`);
    return `/signin-oidc?code=code-SECRET&state=${state}`;
  }

  async signIn(path = '/sign-in'): Promise<Answer> {
    return await this.open(await this.begin(path), { 'sec-fetch-site': 'cross-site' });
  }

  async send(path: string, { method = 'GET', headers = {}, body }: Sending = {}): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const cookie = [...this.jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const request = httpRequest(
      {
        host: '127.0.0.1',
        port: this.#port,
        path,
        method,
        agent: false,
        headers: {
          host: new URL(this.#origin).host,
          ...(cookie ? { cookie } : {}),
          ...(body && !headers['transfer-encoding']
            ? { 'content-length': String(Buffer.byteLength(body)) }
            : {}),
          ...headers,
        },
      },
      (response) => {
        buffer(response).then((bytes) => {
          const cookies = response.headers['set-cookie'] ?? [];
          for (const line of cookies) this.#keep(line);
          const text = bytes.toString('utf8');
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text,
            location: response.headers.location ?? '',
            cookies,
            json: () => JSON.parse(text),
          });
        }, reject);
      },
    );
    request.on('error', reject);
    request.end(body);
    return promise;
  }

  #keep(line: string): void {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
    const expires = /expires=([^;]+)/i.exec(line)?.[1];
    // Tests live in the past of their own clock: only the beginning of time means "cleared".
    if (expires && Date.parse(expires) === 0) this.jar.delete(name);
    else this.jar.set(name, value);
  }
}
