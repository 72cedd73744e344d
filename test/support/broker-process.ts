/** A broker in a process of its own on a shared store: does what its parent sends, for tests across processes. */
import process from 'node:process';
import { z } from 'zod';
import { SignInRequired } from '../../src/errors.ts';
import { createLog } from '../../src/log.ts';
import { openStorage } from '../../src/storage/open-storage.ts';
import type { RefreshAnswer, RefreshRequest } from '../../src/token-response.ts';
import { aBroker, anIdentity } from './broker-rig.ts';

const order = z.object({
  id: z.number(),
  account: z.object({ id: z.string(), epoch: z.string() }),
  scopes: z.array(z.string()),
  forceRefresh: z.literal(true).optional(),
  callers: z.number(),
});

const answerSchema = z.object({
  accessToken: z.string().optional(),
  refreshToken: z.string().optional(),
});

const [storeUri = '', authorityUrl = ''] = process.argv.slice(2);
const storage = await openStorage(storeUri, { log: createLog('silent'), now: Date.now });

/** Asks the parent's authority over HTTP. */
async function refresh(request: RefreshRequest): Promise<RefreshAnswer> {
  const { refreshToken, scopes } = request;
  await Promise.resolve();
  request.beforeSend();
  const response = await fetch(authorityUrl, {
    method: 'POST',
    body: JSON.stringify({ refreshToken, scopes }),
  });
  const answer = answerSchema.parse(await response.json());
  if (!answer.accessToken) throw new SignInRequired('refresh-token-dead');
  return {
    kind: 'verified',
    response: {
      accessToken: answer.accessToken,
      refreshToken: answer.refreshToken,
      scopes: [...scopes],
      expiresInSeconds: 3600,
      refreshInSeconds: undefined,
      identity: anIdentity(request.accountId),
    },
  };
}

const broker = aBroker({ storage, authority: { refresh } });

process.on('message', (message) => {
  const { id, account, callers, ...request } = order.parse(message);
  const calls = Array.from({ length: callers }, () => broker.acquireToken(account, request));
  void Promise.allSettled(calls).then((results) => {
    const tokens = results.map((result) =>
      result.status === 'fulfilled' ? result.value.value : String(result.reason),
    );
    process.send?.({ id, tokens });
  });
});
process.send?.({ ready: true });
