/** Follows an API's redirect to the hosts its section allows, without the access token. */
import type { DownstreamApi } from '../config/settings.ts';
import { ApiFailed } from '../errors.ts';
import { isSecureUrl } from '../loopback.ts';
import type { HttpAnswer } from './exchange.ts';

const MAX_HOPS = 3;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

interface RedirectedRequest {
  readonly api: DownstreamApi;
  readonly method: string;
  /** Where the first answer came from. */
  readonly url: URL;
}

/**
 * The answer at the end of at most three redirects; `send` makes requests that carry no credentials.
 *
 * @throws {ApiFailed} the redirect leads elsewhere than the section's hosts over https (http on
 *   loopback), or answers a request that would change something.
 */
export async function followRedirects(
  first: HttpAnswer,
  { api, method, url }: RedirectedRequest,
  send: (url: URL) => Promise<HttpAnswer>,
): Promise<HttpAnswer> {
  let answer = first;
  let from = url;
  for (let hops = 0; REDIRECTS.has(answer.status); hops += 1) {
    answer.body.destroy();
    const to = targetOf(answer, from);
    const mayFollow = hops < MAX_HOPS && (method === 'GET' || method === 'HEAD');
    if (to === undefined || !mayFollow || !isAllowed(api, to)) {
      throw new ApiFailed(`${api.name} sent this site on to a place it does not follow to.`, {
        detail: { api: api.name, apiStatus: answer.status, error: 'redirect_refused' },
      });
    }
    from = to;
    answer = await send(to);
  }
  return answer;
}

function targetOf({ headers }: HttpAnswer, from: URL): URL | undefined {
  const location = [headers['location']].flat()[0];
  return location === undefined ? undefined : (URL.parse(location, from.href) ?? undefined);
}

function isAllowed(api: DownstreamApi, url: URL): boolean {
  // A name and password in a URL would be sent as credentials.
  const isBare = url.username === '' && url.password === '';
  return (
    isSecureUrl(url) && isBare && api.redirectHosts.some((host) => host.toLowerCase() === url.host)
  );
}
