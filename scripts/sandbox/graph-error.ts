/** Errors of the sandbox's APIs, in Microsoft Graph's shape. */
import { randomUUID } from 'node:crypto';
import type Koa from 'koa';
import type { SandboxState } from './sandbox-state.ts';

export function graphError(
  ctx: Koa.Context,
  state: SandboxState,
  status: number,
  code: string,
  message: string,
): void {
  const requestId = randomUUID();
  ctx.status = status;
  ctx.set('request-id', requestId);
  ctx.body = {
    error: {
      code,
      message,
      innerError: {
        date: new Date(state.now()).toISOString().slice(0, 19),
        'request-id': requestId,
        'client-request-id': ctx.get('client-request-id') || requestId,
      },
    },
  };
}
