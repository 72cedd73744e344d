/** A small Microsoft Graph, put together from its topics. */
import type { Router } from '@koa/router';
import type Koa from 'koa';
import { addBatch } from './graph/batch.ts';
import { addCalendar } from './graph/calendar.ts';
import { addDrive } from './graph/drive.ts';
import { GraphPaths } from './graph/graph-paths.ts';
import { addMail } from './graph/mail.ts';
import { addMemberships } from './graph/memberships.ts';
import { addPeople } from './graph/people.ts';
import { graphError } from './graph-error.ts';
import type { SandboxState } from './sandbox-state.ts';

/** Adds `/graph/v1.0`. */
export function addGraphApi(router: Router, state: SandboxState): void {
  const paths = new GraphPaths(router, state);
  addPeople(paths);
  addMemberships(paths);
  addMail(paths);
  addCalendar(paths);
  addDrive(paths);
  addBatch(router, state);
  router.all('/graph/{*rest}', (ctx: Koa.Context) => {
    graphError(ctx, state, 404, 'ResourceNotFound', 'Resource could not be discovered.');
  });
}
