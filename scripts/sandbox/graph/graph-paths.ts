/** How a path is added to the sandbox's Graph: the scopes that open it, and the person who calls. */
import type { Router } from '@koa/router';
import type Koa from 'koa';
import { admit, personOf } from '../bearer.ts';
import type { User } from '../directory.ts';
import { graph } from '../resources.ts';
import type { SandboxState } from '../sandbox-state.ts';

/** Who calls. */
export interface Caller {
  readonly user: User;
  /** Whether the token holds one of these scopes, for answers that show more to some. */
  may(...scopes: readonly string[]): boolean;
}

export type Answer = (ctx: Koa.Context, caller: Caller) => void | Promise<void>;

/** Adds paths below `/graph/v1.0` that persons alone open. */
export class GraphPaths {
  readonly router: Router;
  readonly state: SandboxState;

  constructor(router: Router, state: SandboxState) {
    this.router = router;
    this.state = state;
  }

  add(
    method: 'get' | 'post' | 'put',
    path: string,
    scopes: readonly string[],
    answer: Answer,
  ): void {
    this.router[method](`/graph/v1.0${path}`, async (ctx: Koa.Context) => {
      const door = { scopes, roles: [] };
      const claims = await admit(ctx, this.state, 'graph', graph, door);
      const user = claims && personOf(claims.oid);
      if (!user) return;
      const granted = claims.scp?.split(' ') ?? [];
      await answer(ctx, {
        user,
        may: (...wanted) => wanted.some((scope) => granted.includes(scope)),
      });
    });
  }
}
