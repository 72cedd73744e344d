/** `GET /assets/*`: the stylesheet and the icon. */
import type { AssetFile } from '../asset-files.ts';
import type { Middleware } from '../context.ts';

/** Addresses carry a version, so that a copy is good for ever. */
const FOR_EVER = 'public, max-age=31536000, immutable';

export function assets(files: ReadonlyMap<string, AssetFile>): Middleware {
  return (ctx) => {
    const file = files.get(ctx.path.slice('/assets/'.length)) ?? ctx.throw(404);
    const isCurrent = ctx.query['v'] === file.version;
    ctx.set('Cache-Control', isCurrent ? FOR_EVER : 'no-cache');
    ctx.type = file.type;
    ctx.body = file.bytes;
  };
}
