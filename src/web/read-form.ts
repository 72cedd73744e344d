/** Reads a field of the form that a page of this site sent, up to a limit. */
import { bodyParser } from '@koa/bodyparser';
import { z } from 'zod';
import type { Context } from './context.ts';

/** Statuses of a form that is no good; without one it was broken. */
const refusalSchema = z.object({ status: z.union([z.literal(413), z.literal(415)]) });

const parseForm = bodyParser({
  enableTypes: ['form'],
  // A message of some length, escaped.
  formLimit: '64kb',
  onError: (error, ctx) => ctx.throw(refusalSchema.safeParse(error).data?.status ?? 400),
});

/**
 * The text of a field; `undefined` where there is no such field, or not just one. The form is read
 * once, however many fields are asked for; 413, 415 or 400 if it is no good.
 */
export async function formField(ctx: Context, name: string): Promise<string | undefined> {
  await parseForm(ctx, async () => {});
  const fields = z.object({ [name]: z.string() }).safeParse(ctx.request.body);
  return fields.data?.[name];
}

/** Every field that holds one text, in the order they came; read once, as above. */
export async function formFields(ctx: Context): Promise<[name: string, value: string][]> {
  await parseForm(ctx, async () => {});
  const fields = z.record(z.string(), z.unknown()).safeParse(ctx.request.body);
  return Object.entries(fields.data ?? {}).flatMap(([name, value]) =>
    typeof value === 'string' ? [[name, value]] : [],
  );
}
