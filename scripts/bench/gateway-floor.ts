/** The floor of the gateway's bench: a bare Koa route, one Redis `GET` and the same call with undici. */
import { createServer } from 'node:http';
import { createClient } from '@keyv/redis';
import Koa from 'koa';
import { request } from 'undici';
import { API_SCOPES, textsFor } from './bench-accounts.ts';
import { type GatewayEntry, ITEM } from './gateway-entry.ts';
import type { BenchSite } from './gateway-site.ts';

const KEPT_AS = `bench:floor:${API_SCOPES}`;

export async function gatewayFloor({ redisUri, apiUrl }: GatewayEntry): Promise<BenchSite> {
  const redis = createClient({ url: redisUri });
  await redis.connect();
  await redis.set(KEPT_AS, textsFor({ id: 'bench', epoch: '' }).apiToken);
  const app = new Koa();
  app.use(async (ctx) => {
    const accessToken = await redis.get(KEPT_AS);
    const headers = { authorization: `Bearer ${accessToken}`, accept: ctx.get('Accept') };
    const answer = await request(`${apiUrl}${ITEM}`, { headers });
    ctx.status = answer.statusCode;
    ctx.set('Content-Type', String(answer.headers['content-type']));
    ctx.body = answer.body;
  });
  return { server: createServer(app.callback()), cookie: '' };
}
