/** `GET /assets/*`: the stylesheet, the icon and the modules for front-ends. */
import type { AssetFile } from '../asset-files.ts';
import type { Middleware } from '../context.ts';

/** Of an address with a version. One without, as modules import each other, is asked for again. */
const FOR_EVER = 'public, max-age=31536000, immutable';

export function assets(files: ReadonlyMap<string, AssetFile>): Middleware {
  return (ctx) => {
    const file = files.get(ctx.path.slice('/assets/'.length)) ?? ctx.throw(404);
    const isCurrent = ctx.query['v'] === file.version;
    ctx.set('Cache-Control', isCurrent ? FOR_EVER : 'no-cache');
    ctx.etag = file.version;
    ctx.status = 200;
    if (ctx.fresh) {
      ctx.status = 304;
      return;
    }
    ctx.type = file.type;
    ctx.body = file.bytes;
  };
}
