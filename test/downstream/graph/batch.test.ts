/** Batches: several reads in one request, each with its own answer. */
import type { IncomingMessage } from 'node:http';
import { json } from 'node:stream/consumers';
import { expect } from 'chai';
import { z } from 'zod';
import { type BatchAnswer, readBatch } from '../../../src/downstream/graph/batch.ts';
import { ApiFailed, Forbidden, SignInRequired, Unavailable } from '../../../src/errors.ts';
import { answering, answeringJson, aServer, CANARY, failureOf } from '../api-rig.ts';
import { aGraph } from './a-graph.ts';

const requestsSchema = z.object({
  requests: z.array(
    z.object({
      id: z.string(),
      method: z.literal('GET'),
      url: z.string(),
      headers: z.record(z.string(), z.string()).optional(),
    }),
  ),
});
type Asked = z.output<typeof requestsSchema>['requests'];
interface Inner {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
}

/** A Graph that answers each read of the n-th batch as `answer` says, in the wrong order. */
async function aBatchServer(answer: (url: string, batch: number) => Inner | undefined) {
  const batches: { readonly asked: Asked; readonly token: string | undefined }[] = [];
  const server = await aServer(async (request: IncomingMessage, response) => {
    const { requests } = requestsSchema.parse(await json(request));
    batches.push({ asked: requests, token: request.headers.authorization });
    const responses = requests
      .map(({ id, url }) => ({ id, ...answer(url, batches.length) }))
      .filter(({ status }) => status !== undefined)
      .toReversed();
    answeringJson(200, { responses })(request, response);
  });
  return { server, batches, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

const good = (value: unknown): Inner => ({ status: 200, body: value });
const reads = [{ path: '/me' }, { path: '/me/messages', query: { $top: '1' } }, { path: '/c' }];
const claims = '{"access_token":{"nbf":{"essential":true,"value":"1"}}}';
const challenge: Inner = {
  status: 401,
  headers: {
    'WWW-Authenticate': `Bearer realm="", error="insufficient_claims", claims="${Buffer.from(claims).toString('base64')}"`,
  },
  body: { error: { code: 'InvalidAuthenticationToken' } },
};

/** Why a read failed. */
function reason(answer: BatchAnswer | undefined): unknown {
  return answer?.status === 'rejected' ? answer.reason : undefined;
}
function values(answers: readonly BatchAnswer[]): unknown[] {
  return answers.map((each) => (each.status === 'fulfilled' ? each.value : undefined));
}

describe('A batch', () => {
  it('is one request, whose answers are given in the order they were asked for', async () => {
    await using rig = await aBatchServer((url) => good({ url }));
    const { graph, broker } = aGraph(rig.server.url);
    const answers = await readBatch(graph, [...reads, { path: '/d', headers: { prefer: 'x' } }], {
      permission: 'Files.Read',
    });
    expect(values(answers)).to.deep.equal([
      { url: '/me' },
      { url: '/me/messages?%24top=1' },
      { url: '/c' },
      { url: '/d' },
    ]);
    expect(rig.server.seen.map(({ method, url }) => `${method} ${url}`)).to.deep.equal([
      'POST /v1.0/$batch',
    ]);
    expect(rig.batches[0]?.asked[3]).to.deep.include({ id: '3', headers: { prefer: 'x' } });
    expect(broker.requests.map(({ scopes }) => scopes)).to.deep.equal([['Files.Read']]);
    expect(await readBatch(graph, [])).to.deep.equal([]);
    expect(rig.batches).to.have.length(1);
  });

  it('holds twenty reads at most, and none that leads out of the base URL', async () => {
    await using rig = await aBatchServer(() => good(null));
    const { graph } = aGraph(rig.server.url);
    expect(await readBatch(graph, Array(20).fill({ path: '/me' }))).to.have.length(20);
    await failureOf(readBatch(graph, Array(21).fill({ path: '/me' })), RangeError);
    for (const path of ['/../beta/me', '/me?$skip=1', '//evil.example/x', '/me/%2e%2e/x', 'me']) {
      await failureOf(readBatch(graph, [{ path: '/me' }, { path }]), Forbidden);
    }
    expect(rig.batches).to.have.length(1);
  });

  it('keeps a failure with the read that failed, and says nothing of its content', async () => {
    await using rig = await aBatchServer((url) => {
      if (url === '/c') return undefined;
      if (url === '/me') return good({ id: '1' });
      return { status: 403, body: { error: { code: 'ErrorAccessDenied', message: 'private' } } };
    });
    const answers = await readBatch(aGraph(rig.server.url).graph, reads);
    expect(answers[0]).to.deep.equal({ status: 'fulfilled', value: { id: '1' } });
    const denied = reason(answers[1]);
    if (!(denied instanceof ApiFailed)) throw denied;
    expect(denied.detail).to.include({ apiStatus: 403, error: 'ErrorAccessDenied' });
    expect(denied.message).not.to.include('private');
    const missing = reason(answers[2]);
    if (!(missing instanceof ApiFailed)) throw missing;
    expect(missing.detail.error).to.equal('unexpected_shape');
  });

  it('sends again what was throttled, that alone, and not before its time', async () => {
    await using rig = await aBatchServer((url, batch) =>
      batch === 1 && url !== '/me' ? { status: 429, headers: { 'Retry-After': '1' } } : good(batch),
    );
    const begun = performance.now();
    const answers = await readBatch(aGraph(rig.server.url).graph, reads);
    expect(values(answers)).to.deep.equal([1, 2, 2]);
    expect(performance.now() - begun).to.be.at.least(990);
    expect(rig.batches[1]?.asked.map(({ url }) => url)).to.have.members([
      '/me/messages?%24top=1',
      '/c',
    ]);
  });

  it('waits no longer than a call may, nor more often', async () => {
    await using rig = await aBatchServer((url) =>
      url === '/me' ? good(1) : { status: 429, headers: { 'retry-after': '3' } },
    );
    const limits = { requestMs: 2000, responseMs: 2000, maxRetries: 2, maxConcurrent: 9 };
    const { graph } = aGraph(rig.server.url, { limits });
    const answers = await readBatch(graph, reads);
    expect(rig.batches).to.have.length(1);
    expect(values(answers)).to.deep.equal([1, undefined, undefined]);
    const busy = reason(answers[1]);
    if (!(busy instanceof Unavailable)) throw busy;
    expect(busy.retryAfterSeconds).to.equal(3);

    await using endless = await aBatchServer(() => ({
      status: 503,
      headers: { 'retry-after': '0' },
    }));
    expect(reason((await readBatch(aGraph(endless.server.url).graph, reads))[0])).to.be.instanceOf(
      Unavailable,
    );
    expect(endless.batches).to.have.length(3);
  });

  it('answers a claims challenge within it once, with a token for those claims', async () => {
    await using rig = await aBatchServer((url, batch) =>
      batch === 1 && url === '/c' ? challenge : good(batch),
    );
    const { graph, broker } = aGraph(rig.server.url);
    expect(values(await readBatch(graph, reads))).to.deep.equal([1, 1, 2]);
    expect(broker.requests.map((request) => request.claims)).to.deep.equal([undefined, claims]);
    expect(rig.batches.map(({ asked }) => asked.length)).to.deep.equal([3, 1]);
    expect(rig.batches[0]?.token).not.to.equal(rig.batches[1]?.token);
  });

  it('takes a challenge that comes back for the end of it', async () => {
    await using rig = await aBatchServer((url) => (url === '/c' ? challenge : good(1)));
    const answers = await readBatch(aGraph(rig.server.url).graph, reads);
    expect(rig.batches).to.have.length(2);
    expect(values(answers)).to.deep.equal([1, 1, undefined]);
    const failure = reason(answers[2]);
    if (!(failure instanceof ApiFailed)) throw failure;
    expect(failure.detail).to.include({ apiStatus: 401, error: 'insufficient_claims' });
    expect(`${failure.message}${JSON.stringify(failure.detail)}`).not.to.include(CANARY);
  });

  it('asks the person for what no renewal gives, for that read alone', async () => {
    await using rig = await aBatchServer((url) => (url === '/c' ? challenge : good(1)));
    const { graph, broker } = aGraph(rig.server.url);
    const acquire = broker.acquireToken.bind(broker);
    broker.acquireToken = async (account, request) => {
      if (request.claims) throw new SignInRequired('interaction', { claims: request.claims });
      return await acquire(account, request);
    };
    const answers = await readBatch(graph, reads);
    expect(values(answers)).to.deep.equal([1, 1, undefined]);
    const failure = reason(answers[2]);
    if (!(failure instanceof SignInRequired)) throw failure;
    expect(failure.claims).to.equal(claims);
  });

  it('fails as a whole when Graph answers no batch', async () => {
    await using server = await aServer(answering(500), answeringJson(200, { value: [] }));
    const { graph } = aGraph(server.url);
    expect((await failureOf(readBatch(graph, reads), ApiFailed)).detail.apiStatus).to.equal(500);
    const odd = await failureOf(readBatch(graph, reads), ApiFailed);
    expect(odd.detail.error).to.equal('unexpected_shape');
  });
});
