/** Graph's batches: up to twenty requests in one, each with its own answer. */
import type { Router } from '@koa/router';
import type Koa from 'koa';
import { z } from 'zod';
import { authenticate } from '../bearer.ts';
import { graphError } from '../graph-error.ts';
import { readJson } from '../read-json.ts';
import { graph } from '../resources.ts';
import type { SandboxState } from '../sandbox-state.ts';
import { type InnerResponse, sendInner } from './inner-request.ts';

const most = 20;

const step = z.object({
  id: z.string().min(1),
  method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']),
  url: z.string().min(1),
  headers: z.record(z.string(), z.string()).default({}),
  body: z.unknown().optional(),
  dependsOn: z.array(z.string()).default([]),
});

type Step = z.infer<typeof step>;

const batch = z.object({ requests: z.array(step).min(1) });

const typeOf = ({ headers }: Step): string | undefined =>
  Object.entries(headers).find(([name]) => name.toLowerCase() === 'content-type')?.[1];

/** What is wrong with a batch as a whole. */
function problemWith(steps: readonly Step[]): { code: string; message: string } | undefined {
  const bad = (message: string) => ({ code: 'BadRequest', message });
  if (steps.length > most) {
    const message = `Number of batch request steps exceeds the maximum value of ${most}.`;
    return { code: 'MaximumValueExceeded', message };
  }
  const seen = new Set<string>();
  for (const one of steps) {
    const { id, method, body, dependsOn } = one;
    if (seen.has(id)) return bad(`Request id : ${id} is not unique.`);
    // A step waits only for those before it, so that no two wait for each other.
    const unknown = dependsOn.find((other) => !seen.has(other));
    if (unknown !== undefined) return bad(`Request id : ${id} depends on unknown id ${unknown}.`);
    const writes = method !== 'GET' && method !== 'DELETE';
    if (writes && (body === undefined || typeOf(one) === undefined)) {
      return bad(`Write request id : ${id} does not contain Content-Type header or body.`);
    }
    seen.add(id);
  }
  return undefined;
}

const failed: InnerResponse = {
  status: 424,
  headers: {},
  body: { error: { code: 'FailedDependency', message: 'A request that this depends on failed.' } },
};

function send(ctx: Koa.Context, one: Step): Promise<InnerResponse> {
  const { method, url, headers, body } = one;
  const json = typeOf(one)?.includes('json') ?? false;
  const encoded = typeof body === 'string' && !json ? body : JSON.stringify(body);
  const path = `/graph/v1.0/${url.replace(/^\//, '')}`;
  return sendInner(ctx, { method, url: path, headers, body: encoded ?? '' });
}

/** Adds `POST /$batch`. Steps that wait for none run at once; answers come in no order to rely on. */
export function addBatch(router: Router, state: SandboxState): void {
  router.post('/graph/v1.0/\\$batch', async (ctx: Koa.Context) => {
    if (!(await authenticate(ctx, state, graph))) return;
    const parsed = batch.safeParse(await readJson(ctx));
    const invalid = { code: 'BadRequest', message: 'Invalid batch payload format.' };
    const problem = parsed.success ? problemWith(parsed.data.requests) : invalid;
    if (!parsed.success || problem) {
      const { code, message } = problem ?? invalid;
      return graphError(ctx, state, 400, code, message);
    }
    const answers = new Map<string, Promise<InnerResponse>>();
    for (const one of parsed.data.requests) {
      const before = one.dependsOn.map((id) => answers.get(id));
      const answer = Promise.all(before).then((all) => {
        if (all.some((each) => each && each.status >= 400)) return failed;
        if (/^\/?\$batch\b/.test(one.url)) return { ...failed, status: 400 };
        return send(ctx, one);
      });
      answers.set(one.id, answer);
    }
    const responses = [...answers].map(async ([id, answer]) => ({ id, ...(await answer) }));
    ctx.body = { responses: (await Promise.all(responses)).toReversed() };
  });
}
