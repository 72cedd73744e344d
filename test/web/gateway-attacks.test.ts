/** Attacks on the gateway, on bare connections: what an API and other hosts receive of them, and what they do not. */
import type { RequestListener } from 'node:http';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { answering, answeringJson, aServer, CANARY, type Seen } from '../downstream/api-rig.ts';
import { aGateway, type Gateway } from './a-gateway.ts';

/** Answers what it was sent, so that a second request that was smuggled in would be seen twice. */
const echo: RequestListener = async (request, response) => {
  const body = await text(request).catch(() => 'broken off');
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ body }));
};

const urlsOf = (seen: readonly Seen[]) => seen.map(({ url }) => url);
const get = (at: Gateway, path: string, headers: readonly string[] = []) =>
  at.raw(`${at.head(`GET ${path} HTTP/1.1`, headers)}\r\n\r\n`);
const statusesOf = (answers: string) =>
  [...answers.matchAll(/HTTP\/1\.1 (\d{3}) \w/g)].map(([, status]) => Number(status));

describe('An attack on the gateway', () => {
  let at: Gateway;
  beforeEach(async () => {
    at = await aGateway(echo);
  });
  afterEach(() => at[Symbol.asyncDispose]());

  it('is none when a rule opens the path', async () => {
    expect(statusesOf(await get(at, '/api/files/open/a%20b'))).to.deep.equal([200]);
    expect(urlsOf(at.api.seen)).to.deep.equal(['/v1.0/open/a%20b']);
    expect(at.api.seen[0]?.headers.authorization).to.equal(`Bearer ${CANARY}-1`);
  });

  describe('by a path that leads elsewhere', () => {
    const up = [
      ...['..', '.', '%2e%2e', '.%2e', '%2e.', '%2E%2E', '%252e%252e', '%25252e%25252e'],
      ...['..;', '..;a=b', '%2e%2e;x', '..%3b', '..%00', '%00', '..%20', '.. ', '..%09', '...'],
      ...['..%2f', '%2f', '%252f', '%5c', '..%5c', '%255c', '\\', '..\\', '%c0%ae%c0%ae'],
      ...['%c0%af', '%e0%80%af', '%c1%9c', '%f0%80%80%af', '%u002e%u002e', '%uff0e'],
      ...['%ef%bc%8e%ef%bc%8e', '%e2%80%a5', '%e2%80%a6', '%ff', '%', '%2', '%zz', '%0d%0a'],
    ];
    for (const part of up) {
      it(`refuses ${JSON.stringify(part)}, at the beginning, within and at the end`, async () => {
        for (const path of [`/${part}/secret`, `/open/${part}/secret`, `/open/${part}`]) {
          const [status] = statusesOf(await get(at, `/api/files${path}`));
          expect(status, path).to.be.oneOf([400, 403, 404]);
        }
        expect(urlsOf(at.api.seen)).to.deep.equal([]);
      });
    }

    // Letters beyond ASCII that look like a slash or a dot are a part of a name, and stay escaped.
    for (const alike of ['%e2%88%95', '%e2%81%84', '%ef%bc%8f', '%d9%aa']) {
      it(`sends ${alike} as it is, or not at all`, async () => {
        await get(at, `/api/files/open/x${alike}y`);
        for (const url of urlsOf(at.api.seen)) expect(url).to.equal(`/v1.0/open/x${alike}y`);
      });
    }

    it('sends parameters of a segment as a part of it, to the path that the rule opens', async () => {
      await get(at, '/api/files/open;a=b/x');
      await get(at, '/api/files/open/x;a=b');
      expect(urlsOf(at.api.seen)).to.deep.equal(['/v1.0/open/x;a=b']);
    });

    it('takes no host from the path', async () => {
      await using evil = await aServer(echo);
      const { host } = evil.url;
      for (const path of [
        ...[
          `/api/files//${host}/open/x`,
          `/api/files/http://${host}/open/x`,
          `/api/files@${host}/open/x`,
        ],
        ...[`/api/files/open//${host}/x`, `/api/files/@${host}/x`, `/api/files:80@${host}/open/x`],
        ...[
          `/api/files/http:%2f%2f${host}/x`,
          `/api//${host}/open/x`,
          `//${host}/api/files/open/x`,
        ],
        ...[`http://${host}/api/files/open/x`, `http://a:b@${host}/`, `${host}/open/x`, '*'],
      ]) {
        await get(at, path);
      }
      await get(at, '/api/files/open/x', [`Host: ${host}`]);
      await get(at, '/api/files/open/x', [`X-Forwarded-Host: ${host}`, `Forwarded: host=${host}`]);
      await get(at, '/api/files/open/x', [
        `X-Original-URL: http://${host}/`,
        'X-Rewrite-Url: /secret',
      ]);
      expect(evil.seen).to.deep.equal([]);
      for (const { url, headers } of at.api.seen) {
        expect([url, headers.host]).to.deep.equal(['/v1.0/open/x', at.api.url.host]);
        expect(headers).not.to.have.any.keys('forwarded', 'x-forwarded-host', 'x-original-url');
      }
    });
  });

  describe('by an API that leads elsewhere', () => {
    it('sends no access token to where an API redirects, nor anything where it may not lead', async () => {
      await using allowed = await aServer(answering(200, 'file'));
      await using evil = await aServer(answering(200, 'stolen'));
      const [good, bad] = [allowed.url, evil.url];
      let location = '';
      await using files = await aGateway(
        (_, response) => response.writeHead(302, { location }).end(),
        // The second is the one with the usual port, and so none of these servers.
        { api: { redirectHosts: [good.host, good.hostname] } },
      );
      for (const [to, status] of [
        [`${good.href}/x`, 200],
        [`${bad.href}/x`, 502],
        [`//${bad.host}/x`, 502],
        [`\\\\${bad.host}\\x`, 502],
        [`http://${good.host}@${bad.host}/x`, 502],
        [`http://a:b@${good.host}/x`, 502],
        [`http://${good.host}.${bad.host}/x`, 502],
        [`http://${good.hostname}:${bad.port}/x`, 502],
        [`http://${good.hostname}.evil.example:${good.port}/x`, 502],
        [`http://localhost:${good.port}/x`, 502],
        [`https://${good.host}/x`, 502],
        [`ftp://${good.host}/x`, 502],
        ['javascript:alert(1)', 502],
        ['data:text/html,x', 502],
        ['http://[::1', 502],
        ['', 502],
      ] as const) {
        location = to;
        const answer = await files.browser.fetch('/api/files/open/x');
        // Where TLS is spoken to a server that has none, it cannot be reached.
        const allowedStatuses = to.startsWith('https:') ? [502, 503] : [status];
        expect(answer.status, to).to.be.oneOf(allowedStatuses);
        expect(answer.headers).not.to.have.any.keys('location', 'refresh');
      }
      expect(evil.seen).to.deep.equal([]);
      expect(allowed.seen).to.have.length(1);
      for (const { headers } of allowed.seen) {
        expect(headers).not.to.have.any.keys('authorization', 'cookie', 'client-request-id');
        expect(JSON.stringify(headers)).not.to.include(CANARY);
      }
    });

    it('follows no link that an answer holds', async () => {
      await using evil = await aServer(answeringJson(200, { value: [] }));
      const page = { value: [], '@odata.nextLink': `${evil.url}/v1.0/next` };
      await using files = await aGateway(
        answeringJson(200, page, { link: `<${evil.url}>; rel=next` }),
      );
      const answer = await files.browser.fetch('/api/files/open/x');
      expect(answer.json()).to.deep.equal(page);
      expect(answer.headers).not.to.have.property('link');
      expect(evil.seen).to.deep.equal([]);
    });
  });

  describe('by headers', () => {
    it('reaches the API with none but those on the list, whatever names them', async () => {
      await get(at, '/api/files/open/x', [
        'Authorization: Bearer forged',
        'authorization: Bearer again',
        'Connection: authorization, cookie, x-foo, if-match',
        'Proxy-Connection: keep-alive',
        'Keep-Alive: timeout=5',
        'X-Foo: bar',
        'TE: trailers',
        'Trailer: Authorization',
        'Upgrade: h2c',
        'HTTP2-Settings: AAMAAABk',
        'X-HTTP-Method-Override: DELETE',
        'X-HTTP-Method: DELETE',
        'X-Method-Override: DELETE',
        'X-MS-Client-Principal: forged',
        'X-Forwarded-For: 127.0.0.1',
        'Client-Request-Id: forged',
        'User-Agent: forged',
        'Accept-Language: en',
      ]);
      expect(at.api.seen).to.have.length(1);
      const { method, headers } = at.api.seen[0] ?? expect.fail('the API was not asked');
      const { 'client-request-id': correlationId, ...others } = headers;
      expect(method).to.equal('GET');
      expect(correlationId).to.match(/^[0-9a-f-]{36}$/);
      expect(others).to.deep.equal({
        host: at.api.url.host,
        connection: 'keep-alive',
        accept: '*/*',
        'accept-encoding': 'identity',
        'accept-language': 'en',
        authorization: `Bearer ${CANARY}-1`,
        'user-agent': 'concierge',
      });
    });

    it('changes no method by a parameter, and opens none that no rule names', async () => {
      await get(at, '/api/files/open/x?_method=DELETE&X-HTTP-Method-Override=DELETE');
      expect(at.api.seen.map(({ method }) => method)).to.deep.equal(['GET']);
      for (const method of [
        'TRACE',
        'TRACK',
        'CONNECT',
        'PROPFIND',
        'LOCK',
        'QUERY',
        'PURGE',
        'get',
      ]) {
        await at.raw(`${at.head(`${method} /api/files/open/x HTTP/1.1`)}\r\n\r\n`);
      }
      await at.raw(`CONNECT ${at.api.url.host} HTTP/1.1\r\nHost: ${at.api.url.host}\r\n\r\n`);
      expect(at.api.seen).to.have.length(1);
    });

    for (const [what, lines] of Object.entries({
      'a folded line': ['Accept: a', ' Authorization: x'],
      'a line without a colon': ['Accept'],
      'a space before the colon': ['Accept : a'],
      'a bare carriage return': ['Accept: a\rX-Foo: b'],
      'a null byte': ['Accept: a\0b'],
      'a name that is none': ['Acc(ept: a'],
      'two hosts': ['Host: evil.example'],
    })) {
      it(`passes nothing on of a request with ${what}`, async () => {
        await get(at, '/api/files/open/x', lines);
        for (const { headers } of at.api.seen) {
          expect(JSON.stringify(headers)).not.to.match(/evil|x-foo|Authorization: x/);
          expect(headers.authorization).to.equal(`Bearer ${CANARY}-1`);
        }
        if (what !== 'two hosts' && what !== 'a folded line') expect(at.api.seen).to.deep.equal([]);
      });
    }

    it('writes no line of its own into the answer', async () => {
      const lines = [
        'HTTP/1.1 200 OK',
        'Content-Type: text/x\rSet-Cookie: a=b',
        'ETag: "a\rb"',
        'Content-Length: 0',
      ];
      await using files = await aGateway((request) => {
        request.socket.end(`${lines.join('\r\n')}\r\n\r\n`);
      });
      const answer = await get(files, '/api/files/open/x');
      expect(answer).not.to.match(/set-cookie/i);
      expect(statusesOf(answer)).to.deep.equal([503]);
    });
  });

  describe('by a second request inside the first', () => {
    const smuggled = 'GET /api/files/open/smuggled HTTP/1.1\r\nHost: localhost:4000\r\n\r\n';
    const [chunk, length] = ['Transfer-Encoding: chunked', `Content-Length: ${smuggled.length}`];
    const hex = smuggled.length.toString(16);
    const attempts: Record<string, [headers: string[], body: string]> = {
      'CL.TE': [['Content-Length: 6', chunk], `0\r\n\r\n${smuggled}`],
      'TE.CL': [[chunk, 'Content-Length: 4'], `${hex}\r\n${smuggled}\r\n0\r\n\r\n`],
      'TE.TE, one hidden': [[chunk, 'Transfer-Encoding: x'], `0\r\n\r\n${smuggled}`],
      'a coding that is not the last': [['Transfer-Encoding: chunked, identity', length], smuggled],
      'a coding nobody knows': [['Transfer-Encoding: xchunked', length], smuggled],
      'a coding after a vertical tab': [['Transfer-Encoding: \x0bchunked', length], smuggled],
      'a coding in a folded line': [
        ['Transfer-Encoding:', ' chunked', length],
        `0\r\n\r\n${smuggled}`,
      ],
      'two lengths': [['Content-Length: 0', length], smuggled],
      'two lengths in one': [[`Content-Length: 0, ${smuggled.length}`], smuggled],
      'a length with a sign': [[`Content-Length: +${smuggled.length}`], smuggled],
      'a length in hexadecimal': [['Content-Length: 0x10'], smuggled],
      'a negative length': [['Content-Length: -1'], smuggled],
      'a chunk with an extension that ends its line': [[chunk], `0;x=\n\r\n\r\n${smuggled}`],
      'chunks ended by bare line feeds': [[chunk], `0\n\n${smuggled}`],
      'a chunk longer than it says': [[chunk], `1\r\n${smuggled}\r\n0\r\n\r\n`],
      'a chunk of a huge size': [[chunk], `fffffffffffffffff\r\n${smuggled}`],
      'a chunk of a negative size': [[chunk], `-1\r\n${smuggled}`],
      'a trailer with credentials': [
        [chunk],
        '0\r\nAuthorization: Bearer forged\r\nCookie: a=b\r\n\r\n',
      ],
    };
    for (const [what, [headers, body]] of Object.entries(attempts)) {
      it(`reaches the API as one at most: ${what}`, async () => {
        const post = at.head('POST /api/files/open/x HTTP/1.1', headers);
        const answers = statusesOf(await at.raw(`${post}\r\n\r\n${body}`));
        expect(urlsOf(at.api.seen).filter((url) => url !== '/v1.0/open/x')).to.deep.equal([]);
        expect(at.api.seen.length).to.be.at.most(1);
        for (const { headers: received } of at.api.seen) {
          expect(received.authorization).to.equal(`Bearer ${CANARY}-1`);
          expect(received).not.to.have.property('cookie');
          expect([received['transfer-encoding'], received['content-length']]).to.include(undefined);
        }
        // A second answer is one to a request without a session.
        expect(answers.slice(1).filter((status) => status < 400)).to.deep.equal([]);
      });
    }

    it('ends the body where it says, and has the next request on the connection judged by itself', async () => {
      const post = at.head('POST /api/files/open/x HTTP/1.1', [length]);
      const answers = await at.raw(`${post}\r\n\r\n${smuggled}${smuggled}`, 2);
      expect(statusesOf(answers)).to.deep.equal([200, 401]);
      expect(answers).to.include(JSON.stringify({ body: smuggled }));
      expect(urlsOf(at.api.seen)).to.deep.equal(['/v1.0/open/x']);
    });

    it('tells a body of a large upload from what follows it', async () => {
      const large = 'x'.repeat(300 * 1024);
      const post = at.head('PUT /api/files/open/x HTTP/1.1', [`Content-Length: ${large.length}`]);
      const answers = await at.raw(`${post}\r\n\r\n${large}${smuggled}`, 2);
      expect(statusesOf(answers)).to.deep.equal([200, 401]);
      expect(urlsOf(at.api.seen)).to.deep.equal(['/v1.0/open/x']);
    });

    for (const [what, lines] of Object.entries({
      'two lengths': ['Content-Length: 2', 'Content-Length: 60'],
      'a length and chunks': ['Content-Length: 2', 'Transfer-Encoding: chunked'],
    })) {
      it(`takes no answer of the API for the next one’s: ${what}`, async () => {
        const second = 'HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\npoisoned';
        await using files = await aGateway((request) => {
          const first = ['HTTP/1.1 200 OK', 'Content-Type: application/json', ...lines].join(
            '\r\n',
          );
          request.socket.write(`${first}\r\n\r\n{}${second}`);
        });
        const [one, two] = await Promise.all([
          get(files, '/api/files/open/x'),
          get(files, '/api/files/open/x'),
        ]);
        expect(`${one}${two}`).not.to.include('poisoned');
      });
    }

    it('throws away what an API sends beyond its answer', async () => {
      let asked = 0;
      await using files = await aGateway((request) => {
        asked += 1;
        const json =
          'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1\r\n\r\n';
        request.socket.write(`${json}${asked}${json}9`);
      });
      for (const own of ['1', '2', '3']) {
        const answer = await files.browser.fetch('/api/files/open/x');
        expect(answer.text === own || answer.status === 503, answer.text).to.equal(true);
      }
    });
  });

  describe('by a page of another site', () => {
    const write = (headers: Record<string, string>) =>
      at.browser.send('/api/files/open/x', { method: 'POST', headers, body: '{}' });

    it('writes nothing, with Sec-Fetch headers or without', async () => {
      const site = 'http://localhost:4000';
      for (const headers of [
        { 'sec-fetch-site': 'cross-site' },
        { 'sec-fetch-site': 'same-site', origin: site },
        { 'sec-fetch-site': 'none' },
        { 'sec-fetch-site': 'same-origin, cross-site' },
        { origin: 'http://localhost:4000.evil.example' },
        { origin: 'http://evil.example' },
        { origin: 'null' },
        { origin: site },
        { origin: site, 'x-csrf-token': 'guessed' },
        { referer: `${site}/app` },
        {},
      ]) {
        expect((await write(headers)).status, JSON.stringify(headers)).to.equal(403);
      }
      expect(at.api.seen).to.deep.equal([]);
      expect((await write({ 'sec-fetch-site': 'same-origin' })).status).to.equal(200);
    });

    it('asks in vain whether it may, and no session is looked at for it', async () => {
      at.web.store.namesRead.length = 0;
      const answer = await at.browser.send('/api/files/open/x', {
        method: 'OPTIONS',
        headers: {
          origin: 'https://evil.example',
          'access-control-request-method': 'PUT',
          'access-control-request-headers': 'content-type',
        },
      });
      expect(answer.status).to.equal(403);
      expect(Object.keys(answer.headers).join()).not.to.include('access-control');
      expect(at.web.store.namesRead).to.deep.equal([]);
      expect(at.api.seen).to.deep.equal([]);
    });

    it('is never named as one that may read, though the API names it', async () => {
      const cors = {
        'access-control-allow-origin': 'https://evil.example',
        'access-control-allow-credentials': 'true',
        'timing-allow-origin': '*',
        'cross-origin-resource-policy': 'cross-origin',
      };
      await using files = await aGateway(answeringJson(200, {}, cors));
      const headers = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
      const answer = await files.browser.fetch('/api/files/open/x', { headers });
      expect(answer.headers).to.include({ 'cross-origin-resource-policy': 'same-origin' });
      expect(Object.keys(answer.headers).join()).not.to.match(/access-control|timing-allow/);
    });
  });

  it('tells a script that nobody is signed in, with what to do', async () => {
    for (const headers of [{ accept: 'text/html' }, { 'sec-fetch-mode': 'cors' }, {}]) {
      const answer = await at.web.aBrowser().send('/api/files/open/x', { headers: { ...headers } });
      expect(answer.status).to.equal(401);
      expect(answer.headers['content-type']).to.include('application/problem+json');
      expect(answer.headers).not.to.have.any.keys('location', 'www-authenticate');
      expect(answer.json()).to.include({
        type: 'urn:concierge:problem:sign_in_required',
        status: 401,
      });
      expect(answer.json()['signInUrl']).to.match(/^http:\/\/localhost:4000\/sign-in/);
    }
  });
});
