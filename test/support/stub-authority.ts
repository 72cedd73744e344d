/** A small authority over real HTTP, for faults: each of its three endpoints can be told what to answer. */
import {
  createServer,
  type IncomingHttpHeaders,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';

export interface StubRequest {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly form: URLSearchParams;
}

export interface StubAnswer {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  /** Text as it is, anything else as JSON. */
  readonly body: unknown;
}

/** `silence` never answers; `cut` breaks the connection after reading the request. */
type Behaviour = (request: StubRequest) => StubAnswer | 'silence' | 'cut' | Promise<StubAnswer>;

export interface StubKey {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
}

export const CLIENT_ID = '0aa5e3f5-9b9f-4c2c-8d6f-2f6c0e0f9a11';
export const TENANT = '11111111-2222-4333-8444-555555555555';
export const OTHER_TENANT = '66666666-7777-4888-8999-aaaaaaaaaaaa';
export const PERSONAL = '9188040d-6c67-4c5b-b112-36a304b66dad';
export const UID = 'bbbbbbbb-1111-4222-8333-cccccccccccc';

export async function newKey(kid: string): Promise<StubKey> {
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
  return { kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, use: 'sig' } };
}

export class StubAuthority {
  readonly origin: string;
  readonly requests: StubRequest[] = [];
  readonly #server: Server;
  nonce = '';
  /** The keys as published; they carry the issuer template, as Entra ID's do. */
  keys: readonly (JWK & { issuer?: string })[];
  signWith: StubKey;
  onDiscovery: Behaviour;
  onKeys: Behaviour;
  onToken: Behaviour;

  constructor(server: Server, port: number, key: StubKey) {
    this.#server = server;
    this.origin = `http://127.0.0.1:${port}`;
    this.signWith = key;
    this.keys = [{ ...key.jwk, issuer: `${this.origin}/{tenantid}/v2.0` }];
    this.onDiscovery = ({ path }) => ({ body: this.document(path.split('/')[1] ?? '') });
    this.onKeys = () => ({ body: { keys: this.keys } });
    this.onToken = async () => ({ body: await this.tokens() });
  }

  /** The discovery document of a tenant. */
  document(tenant: string): Record<string, unknown> {
    const inIssuer = new Map([
      ['common', '{tenantid}'],
      ['organizations', '{tenantid}'],
      ['consumers', PERSONAL],
      ['contoso.test', TENANT],
    ]);
    const base = `${this.origin}/${tenant}`;
    return {
      issuer: `${this.origin}/${inIssuer.get(tenant) ?? tenant}/v2.0`,
      authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
      token_endpoint: `${base}/oauth2/v2.0/token`,
      jwks_uri: `${base}/discovery/v2.0/keys`,
      end_session_endpoint: `${base}/oauth2/v2.0/logout`,
      token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt'],
    };
  }

  ofTenant(tenant: string): { iss: string; tid: string } {
    return { iss: `${this.origin}/${tenant}/v2.0`, tid: tenant };
  }

  claims(): Record<string, unknown> {
    const now = Math.floor(Date.now() / 1000);
    return {
      ...this.ofTenant(TENANT),
      aud: CLIENT_ID,
      sub: 'pairwise-subject',
      oid: UID,
      name: 'Ada Lovelace',
      preferred_username: 'ada@contoso.test',
      login_hint: 'opaque-hint',
      sid: 'authority-session',
      ver: '2.0',
      nonce: this.nonce,
      iat: now - 300,
      nbf: now - 300,
      exp: now + 3600,
    };
  }

  async idToken(claims: Record<string, unknown> = {}, header: object = {}): Promise<string> {
    return await new SignJWT({ ...this.claims(), ...claims })
      .setProtectedHeader({ alg: 'RS256', kid: this.signWith.kid, typ: 'JWT', ...header })
      .sign(this.signWith.privateKey);
  }

  /** A token response; `undefined` takes a member out. */
  async tokens(
    members: Record<string, unknown> = {},
    claims: Record<string, unknown> = {},
  ): Promise<Record<string, unknown>> {
    return {
      token_type: 'Bearer',
      scope: 'openid profile https://graph.microsoft.com/User.Read',
      expires_in: 3599,
      refresh_in: '1800',
      access_token: 'access-1',
      refresh_token: 'refresh-2',
      id_token: await this.idToken(claims),
      client_info: clientInfo(),
      ...members,
    };
  }

  /** The token requests that arrived. */
  get tokenRequests(): StubRequest[] {
    return this.requests.filter(({ path }) => path.endsWith('/token'));
  }

  get keyRequests(): StubRequest[] {
    return this.requests.filter(({ path }) => path.endsWith('/keys'));
  }

  async answer(target: string, headers: IncomingHttpHeaders, body: string, to: ServerResponse) {
    const [path = '', query] = target.split('?');
    const form = new URLSearchParams(body);
    const request = { path, query: new URLSearchParams(query), headers, form };
    this.requests.push(request);
    const behaviour = path.endsWith('/token')
      ? this.onToken
      : path.endsWith('/keys')
        ? this.onKeys
        : this.onDiscovery;
    const answer = await behaviour(request);
    if (answer === 'silence') return;
    if (answer === 'cut') return void to.destroy();
    const isText = typeof answer.body === 'string';
    to.writeHead(answer.status ?? 200, {
      'content-type': isText ? 'text/plain' : 'application/json',
      ...answer.headers,
    });
    to.end(isText ? answer.body : JSON.stringify(answer.body));
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    if (this.#server.listening) await new Promise((done) => this.#server.close(done));
  }
}

export function clientInfo(uid = UID, utid = TENANT): string {
  return Buffer.from(JSON.stringify({ uid, utid })).toString('base64url');
}

/** An error answer as Entra ID shapes it. */
export function aadsts(error: string, code: number, members: object = {}): Record<string, unknown> {
  return {
    error,
    error_description: `AADSTS${code}: Something. Trace ID: t Correlation ID: c Timestamp: s`,
    error_codes: [code],
    timestamp: '2026-03-01 10:26:15Z',
    trace_id: 'ff335f08-ba8c-4aa9-ac56-a710a11a3e00',
    correlation_id: 'd66d6c77-ff41-4798-8a29-15eca1307043',
    ...members,
  };
}

let firstKey: Promise<StubKey> | undefined;

/** Listens on a free port, or on the one given. */
export async function startStubAuthority(port = 0): Promise<StubAuthority> {
  firstKey ??= newKey('key-1');
  const key = await firstKey;
  let stub: StubAuthority | undefined;
  const server = createServer(async (request, response) => {
    await stub?.answer(request.url ?? '', request.headers, await text(request), response);
  });
  await new Promise<void>((done) => server.listen(port, '127.0.0.1', done));
  stub = new StubAuthority(server, (server.address() as AddressInfo).port, key);
  return stub;
}
