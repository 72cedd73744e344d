/** `GET /example`: a page for front-end developers to copy, which calls APIs with scripts; the only one that has any. */
import type { Middleware, Parts } from '../context.ts';
import { exampleApis } from '../example-apis.ts';
import { allowOwnScripts } from '../middleware/security-headers.ts';

/** Open to everyone, as a front-end's files are: its calls find out who is signed in. */
export function example({ pages, settings }: Parts): Middleware {
  const apis = exampleApis(settings.downstreamApis);
  return (ctx) => {
    if (!apis) ctx.throw(404);
    allowOwnScripts(ctx);
    pages.show(ctx, 'example', { example: apis });
  };
}
