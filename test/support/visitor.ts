/** A person's browser reduced to cookies, redirects and forms, for tests over real HTTP. */
import { CookieJar } from 'tough-cookie';

/** A page as it arrived, after redirects. */
export interface Page {
  readonly url: URL;
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Every URL that was asked for on the way, the last one included. */
  readonly trail: readonly URL[];
}

/** Which cookies go along, by what caused the request: with `none`, a form of another site. */
type SameSite = 'strict' | 'lax' | 'none';

const NAVIGATION = {
  accept: 'text/html,application/xhtml+xml',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
};

/** Keeps cookies by host and port, as two sites on one machine should. */
export class Visitor {
  readonly #jars = new Map<string, CookieJar>();
  readonly #always: Readonly<Record<string, string>>;

  /** `always`: headers of each request, such as those of a proxy that it comes by. */
  constructor(always: Readonly<Record<string, string>> = {}) {
    this.#always = always;
  }

  /** Opens a page as a typed address or a link does. */
  open(url: string | URL, headers: Record<string, string> = {}): Promise<Page> {
    return this.#navigate(new URL(url), { headers: { ...NAVIGATION, ...headers } });
  }

  /** Submits the first form of the page whose markup has `marker`, with the values it holds and `fields`. */
  submit(page: Page, marker: string, fields: Record<string, string> = {}): Promise<Page> {
    const form = formsOf(page).find(({ markup }) => markup.includes(marker));
    if (!form)
      throw new Error(`no form with ${marker} on ${page.url}: ${page.text.slice(0, 2000)}`);
    const body = new URLSearchParams({ ...form.hidden, ...fields });
    if (form.method === 'get') {
      form.action.search = body.toString();
      return this.open(form.action);
    }
    const sameOrigin = form.action.origin === page.url.origin;
    const init = {
      method: 'POST',
      body,
      headers: {
        ...NAVIGATION,
        origin: page.url.origin,
        'sec-fetch-site': sameOrigin ? 'same-origin' : 'cross-site',
      },
    };
    return this.#navigate(form.action, init, sameOrigin ? 'strict' : 'none');
  }

  /** Calls as a script of the site's own page does; redirects are not followed. */
  async fetch(url: string | URL, init: RequestInit = {}): Promise<Response> {
    const target = new URL(url);
    const headers = new Headers(init.headers);
    for (const [name, value] of Object.entries({
      accept: '*/*',
      'sec-fetch-site': 'same-origin',
      'sec-fetch-mode': 'cors',
      'sec-fetch-dest': 'empty',
    })) {
      if (!headers.has(name)) headers.set(name, value);
    }
    return await this.#send(target, { ...init, headers });
  }

  cookies(url: string | URL): string {
    return this.#jar(new URL(url)).getCookieStringSync(String(url));
  }

  setCookie(url: string | URL, cookie: string): void {
    this.#jar(new URL(url)).setCookieSync(cookie, String(url));
  }

  /** Redirects are followed as links are: with all cookies but strict ones. */
  async #navigate(url: URL, init: RequestInit, cookies: SameSite = 'lax'): Promise<Page> {
    const trail = [url];
    let response = await this.#send(url, init, cookies);
    for (let hops = 0; response.status >= 300 && response.status < 400 && hops < 20; hops += 1) {
      const location = response.headers.get('location');
      const here = trail.at(-1);
      if (!location || !here) break;
      await response.body?.cancel();
      const next = new URL(location, here);
      trail.push(next);
      response = await this.#send(next, { headers: NAVIGATION });
    }
    const text = await response.text();
    return {
      url: trail.at(-1) ?? url,
      status: response.status,
      headers: response.headers,
      text,
      trail,
    };
  }

  async #send(url: URL, init: RequestInit, sameSite: SameSite = 'lax'): Promise<Response> {
    const headers = new Headers(init.headers);
    for (const [name, value] of Object.entries(this.#always)) headers.set(name, value);
    const jar = this.#jar(url);
    const cookies = jar.getCookieStringSync(url.href, { sameSiteContext: sameSite });
    if (cookies) headers.set('cookie', cookies);
    const response = await fetch(url, { ...init, headers, redirect: 'manual' });
    for (const cookie of response.headers.getSetCookie()) {
      jar.setCookieSync(cookie, url.href, { ignoreError: true });
    }
    return response;
  }

  #jar(url: URL): CookieJar {
    const jar = this.#jars.get(url.host) ?? new CookieJar();
    this.#jars.set(url.host, jar);
    return jar;
  }
}

interface Form {
  readonly action: URL;
  readonly method: string;
  readonly hidden: Record<string, string>;
  readonly markup: string;
}

function formsOf(page: Page): Form[] {
  return [...page.text.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/g)].map(
    ([markup, attributes = '', body = '']) => ({
      markup,
      action: new URL(unescaped(attribute(attributes, 'action') ?? ''), page.url),
      method: (attribute(attributes, 'method') ?? 'get').toLowerCase(),
      hidden: Object.fromEntries(
        [...body.matchAll(/<input\b([^>]*)>/g)]
          .map(
            ([, input = '']) =>
              [attribute(input, 'name'), attribute(input, 'value') ?? ''] as const,
          )
          .filter(([name]) => name !== undefined)
          .map(([name, value]) => [unescaped(name ?? ''), unescaped(value)]),
      ),
    }),
  );
}

function attribute(text: string, name: string): string | undefined {
  return new RegExp(`\\b${name}="([^"]*)"`).exec(text)?.[1];
}

function unescaped(text: string): string {
  return text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');
}
