/** A client of the sandbox for its own tests: builds requests by hand and reads answers raw. */
import { createHash } from 'node:crypto';
import { demoApp } from '../../scripts/sandbox/sandbox-options.ts';
import { signInAt } from '../../scripts/sandbox/sign-in-at.ts';
import type { Sandbox } from '../../scripts/sandbox/start-sandbox.ts';

type Json = Readonly<Record<string, unknown>>;

/** An answer in JSON. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Json;
}

export const callback = 'http://localhost:4000/signin-oidc';
export const verifier = 'a-verifier-of-sufficient-length-for-the-test-0';
export const baseScopes = 'openid profile offline_access User.Read';

export async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text();
  const body: Json = text.startsWith('{') ? JSON.parse(text) : { text };
  return { status: response.status, headers: response.headers, body };
}

/** A member of an answer that must be a string. */
export function text(body: Json, name: string): string {
  const value = body[name];
  if (typeof value !== 'string') throw new Error(`${name} is not in ${JSON.stringify(body)}`);
  return value;
}

/** The unchecked claims of a JWT. */
export const claimsOf = (token: string): Json =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());

export class TestClient {
  readonly #sandbox: Sandbox;
  readonly #authority: string;

  constructor(sandbox: Sandbox, authority = 'common') {
    this.#sandbox = sandbox;
    this.#authority = authority;
  }

  authorizeUrl(more: Record<string, string> = {}): URL {
    const url = new URL(`${this.#sandbox.url}${this.#authority}/oauth2/v2.0/authorize`);
    const parameters = {
      client_id: demoApp.clientId,
      response_type: 'code',
      redirect_uri: callback,
      scope: baseScopes,
      state: 'the state',
      nonce: 'the nonce',
      client_info: '1',
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
      ...more,
    };
    url.search = new URLSearchParams(parameters).toString();
    return url;
  }

  /** A token request; an empty value leaves a parameter out. */
  async token(more: Record<string, string>, headers: Record<string, string> = {}): Promise<Answer> {
    const parameters = {
      client_id: demoApp.clientId,
      client_secret: demoApp.secrets[0] ?? '',
      ...more,
    };
    const body = new URLSearchParams(Object.entries(parameters).filter(([, value]) => value));
    const url = `${this.#sandbox.url}${this.#authority}/oauth2/v2.0/token`;
    return answerOf(await fetch(url, { method: 'POST', body, headers }));
  }

  async code(username: string, more: Record<string, string> = {}): Promise<string> {
    const { callback: url } = await signInAt(this.authorizeUrl(more), { username });
    return url.searchParams.get('code') ?? '';
  }

  redeem(code: string, more: Record<string, string> = {}): Promise<Answer> {
    return this.token({
      grant_type: 'authorization_code',
      code,
      redirect_uri: callback,
      code_verifier: verifier,
      ...more,
    });
  }

  /** Signs in and redeems. */
  async signIn(username: string, scope = baseScopes): Promise<Json> {
    const { body } = await this.redeem(await this.code(username, { scope }));
    return body;
  }

  refresh(refreshToken: string, scope = baseScopes, more: Record<string, string> = {}) {
    return this.token({
      grant_type: 'refresh_token',
      refresh_token: refreshToken,
      scope,
      client_info: '1',
      ...more,
    });
  }

  async call(url: string, accessToken: string, init: RequestInit = {}): Promise<Answer> {
    const headers = { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' };
    return answerOf(await fetch(url, { redirect: 'manual', ...init, headers }));
  }
}
