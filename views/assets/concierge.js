/** Calls APIs through the gateway of this site, from a page of the same origin that holds no token. */
// @ts-check

/**
 * @typedef {{ name?: string, username?: string, tenantId?: string, roles: string[] }} Account
 * @typedef {{ account: Account, csrfToken: string }} Session
 * @typedef {{ title?: string, detail?: string, signInUrl?: string, scopes?: string[] }} Problem
 * @typedef {{ loaded: number, total: number }} Progress in bytes
 * @typedef {{ onWait?: (seconds: number) => void }} Waiting told before something is sent again
 * @typedef {RequestInit & Waiting} CallInit
 * @typedef {CallInit & { onProgress?: (progress: Progress) => void }} UploadInit
 * @typedef {RequestInit & { method: string, headers: Headers }} Prepared
 * @typedef {(path: string, request: Prepared) => Promise<Response>} Transport
 */

/** The person has to sign in, or to consent to `scopes`: offer `signInUrl` as a link. It leads back here. */
export class SignInNeeded extends Error {
  /** @param {Problem} problem */
  constructor({ title, signInUrl = '/sign-in', scopes = [] }) {
    super(title ?? 'Please sign in');
    this.name = 'SignInNeeded';
    this.scopes = scopes;
    const url = ownUrl(signInUrl);
    url.searchParams.set('returnTo', `${location.pathname}${location.search}${location.hash}`);
    this.signInUrl = url.href;
  }
}

/** Another account was chosen in another tab. Nothing was written: load the page again. */
export class AccountChanged extends Error {
  constructor() {
    super('Another account is in use by now. Load this page again.');
    this.name = 'AccountChanged';
  }
}

/** Any other answer from 400 up; `response` is yours to read. */
export class CallFailed extends Error {
  /**
   * @param {Response} response
   * @param {Problem} problem
   */
  constructor(response, { title, detail }) {
    super(detail ?? title ?? `The API answered ${response.status}.`);
    this.name = 'CallFailed';
    this.status = response.status;
    this.response = response;
  }
}

/** One for a page, which it ties to the account in use when it was first asked. */
export class Concierge {
  /** @type {Promise<Session> | undefined} */
  #session;
  #maxWaitSeconds;

  /** `maxWaitSeconds`: for how long `Retry-After` is obeyed; more is an error at once. */
  constructor({ maxWaitSeconds = 30 } = {}) {
    this.#maxWaitSeconds = maxWaitSeconds;
  }

  /** Who is signed in. Throws SignInNeeded. */
  async session() {
    this.#session ??= readSession();
    try {
      return await this.#session;
    } catch (error) {
      // It may succeed the next time.
      this.#session = undefined;
      throw error;
    }
  }

  /**
   * As `fetch`, for a path that begins with `/api/`. Throws SignInNeeded, AccountChanged, CallFailed.
   *
   * @param {string} path
   * @param {CallInit} [init]
   */
  call(path, init = {}) {
    return this.#send((...request) => fetch(...request), path, init);
  }

  /**
   * As `call`, with progress; PUT unless `method` says otherwise. An abort of `signal` ends it at the API.
   *
   * @param {string} path
   * @param {Blob} blob
   * @param {UploadInit} [init]
   */
  async upload(path, blob, { onProgress, ...init } = {}) {
    // A session that has ended is better found out before so many bytes than after.
    await this.#hasNewToken((await this.session()).csrfToken);
    return this.#send(sendWithProgress(onProgress), path, { method: 'PUT', ...init, body: blob });
  }

  /**
   * @param {Transport} transport
   * @param {string} path
   * @param {CallInit} init
   */
  async #send(transport, path, { onWait, ...init }) {
    const url = ownUrl(path).href;
    const method = (init.method ?? 'GET').toUpperCase();
    const headers = new Headers(init.headers);
    const isWrite = method !== 'GET' && method !== 'HEAD';
    const send = () => transport(url, { ...init, method, headers });

    const { csrfToken } = await this.session();
    if (isWrite) headers.set('X-CSRF-Token', csrfToken);
    let response = await send();

    if (isWrite && response.status === 403 && (await this.#hasNewToken(csrfToken))) {
      headers.set('X-CSRF-Token', (await this.session()).csrfToken);
      response = await send();
    }
    const seconds = secondsUntilRepetition(method, response);
    if (seconds <= this.#maxWaitSeconds) {
      onWait?.(seconds);
      await pause(seconds * 1000, init.signal);
      response = await send();
    }
    if (response.status < 400) return response;
    throw await failureOf(response);
  }

  /**
   * Whether the token sent was stale, and the same person has a new one. For another person nothing
   * may be repeated: it was written for the one before.
   *
   * @param {string} sent
   */
  async #hasNewToken(sent) {
    const { account } = await this.session();
    const now = await readSession();
    if (now.csrfToken === sent) return false;
    if (!isSamePerson(account, now.account)) throw new AccountChanged();
    this.#session = Promise.resolve(now);
    return true;
  }
}

/** @returns {Promise<Session>} */
async function readSession() {
  const response = await fetch('/api/session');
  if (!response.ok) throw await failureOf(response);
  return response.json();
}

/**
 * @param {Account} one
 * @param {Account} other
 */
function isSamePerson(one, other) {
  const isKnown = one.username !== undefined;
  return isKnown && one.username === other.username && one.tenantId === other.tenantId;
}

/** Only this origin may see the CSRF token, and only to it a link may lead. @param {string} path */
function ownUrl(path) {
  const url = new URL(path, location.origin);
  if (url.origin === location.origin) return url;
  throw new TypeError(`${url.origin} is not this site.`);
}

/**
 * 429 says that nothing was done; after 503 that is not certain, and a second POST could do it twice.
 *
 * @param {string} method
 * @param {Response} response
 */
function secondsUntilRepetition(method, { status, headers }) {
  const isHarmless = method !== 'POST' && method !== 'PATCH';
  const mayRepeat = status === 429 || (status === 503 && isHarmless);
  const after = headers.get('Retry-After');
  if (!mayRepeat || after === null) return Number.POSITIVE_INFINITY;
  if (/^\d+$/.test(after)) return Number(after);
  const seconds = Math.ceil((Date.parse(after) - Date.now()) / 1000);
  return Number.isNaN(seconds) ? Number.POSITIVE_INFINITY : Math.max(0, seconds);
}

/**
 * @param {number} ms
 * @param {AbortSignal | null} [signal]
 */
function pause(ms, signal) {
  const { promise, resolve, reject } = Promise.withResolvers();
  signal?.throwIfAborted();
  const abort = () => reject(signal?.reason);
  signal?.addEventListener('abort', abort, { once: true });
  setTimeout(() => {
    signal?.removeEventListener('abort', abort);
    resolve(undefined);
  }, ms);
  return promise;
}

/** The problem document (RFC 9457) of this site; the body of an API's own error is left unread. @param {Response} response */
async function failureOf(response) {
  const isProblem = response.headers.get('Content-Type')?.startsWith('application/problem+json');
  /** @type {Problem} */
  const problem = isProblem ? await response.clone().json() : {};
  return response.status === 401 && problem.signInUrl
    ? new SignInNeeded(problem)
    : new CallFailed(response, problem);
}

/**
 * By XMLHttpRequest: `fetch` does not tell how much of a body has been sent.
 *
 * @param {UploadInit['onProgress']} onProgress
 * @returns {Transport}
 */
function sendWithProgress(onProgress) {
  return async (url, { method, headers, body, signal }) => {
    signal?.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers();
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    signal?.addEventListener('abort', abort);
    request.upload.onprogress = ({ loaded, total }) => onProgress?.({ loaded, total });
    request.onload = () => resolve(undefined);
    request.onerror = () => reject(new TypeError('The connection broke off.'));
    request.onabort = () => reject(signal?.reason);
    request.onloadend = () => signal?.removeEventListener('abort', abort);
    request.responseType = 'blob';
    request.open(method, url);
    for (const [name, value] of headers) request.setRequestHeader(name, value);
    request.send(body instanceof Blob ? body : null);
    await promise;
    return responseOf(request);
  };
}

/** @param {XMLHttpRequest} request */
function responseOf(request) {
  const { status, statusText } = request;
  const headers = new Headers();
  for (const line of request.getAllResponseHeaders().trim().split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) headers.append(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  const isEmpty = [204, 205, 304].includes(status);
  return new Response(isEmpty ? null : request.response, { status, statusText, headers });
}
