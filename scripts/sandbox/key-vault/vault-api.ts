/** The calls of a vault's REST API that certificates need: get one, get its secret or key, and sign. */
import type Koa from 'koa';
import { z } from 'zod';
import { readJson } from '../read-json.ts';
import { signDigest } from './sign-digest.ts';
import { certificateBundle, keyBundle, keyIdOf, secretBundle } from './vault-bundles.ts';
import { VaultError } from './vault-error.ts';
import {
  findVersion,
  type VaultOperation,
  type VaultState,
  type VaultVersion,
} from './vault-state.ts';

/** What a request asks for. */
export interface VaultOrder {
  readonly operation: VaultOperation;
  readonly name: string;
  readonly version: string | undefined;
}

const kinds = {
  certificates: { operation: 'get-certificate', inWords: 'certificate', code: 'Certificate' },
  secrets: { operation: 'get-secret', inWords: 'secret', code: 'Secret' },
  keys: { operation: 'get-key', inWords: 'key', code: 'Key' },
} as const;

const isKind = (text: string): text is keyof typeof kinds => Object.hasOwn(kinds, text);

/** `undefined` for what this vault does not know. A version that is left out is an empty segment. */
export function readOrder(method: string, path: string): VaultOrder | undefined {
  const [, kind = '', name = '', version = '', verb, ...more] = path.split('/');
  if (!isKind(kind) || !/^[0-9A-Za-z-]{1,127}$/.test(name) || more.length > 0) return undefined;
  const wanted = { name, version: version || undefined };
  if (method === 'POST' && kind === 'keys' && verb === 'sign') {
    return { operation: 'sign', ...wanted };
  }
  const isGet = method === 'GET' && verb === undefined;
  return isGet ? { operation: kinds[kind].operation, ...wanted } : undefined;
}

const signOrder = z.object({ alg: z.string(), value: z.base64url() });

function find(state: VaultState, { operation, name, version }: VaultOrder): VaultVersion {
  const found = findVersion(state, name, version);
  if (found) return found;
  const kind = Object.values(kinds).find((each) => each.operation === operation) ?? kinds.keys;
  throw new VaultError(
    404,
    `${kind.code}NotFound`,
    `A ${kind.inWords} with (name/id) ${[name, version].filter(Boolean).join('/')} was not found in this key vault. If you recently deleted this ${kind.inWords} you may be able to recover it using the correct recovery command.`,
  );
}

/** A disabled certificate can still be looked at; its secret and its key cannot be had. */
function checkEnabled({ operation }: VaultOrder, { isEnabled }: VaultVersion): void {
  if (isEnabled || operation === 'get-certificate') return;
  const [verb, kind, code] =
    operation === 'get-secret'
      ? ['get', 'secret', 'SecretDisabled']
      : [operation === 'sign' ? 'sign' : 'get', 'key', 'KeyDisabled'];
  const message = `Operation ${verb} is not allowed on a disabled ${kind}.`;
  throw new VaultError(403, 'Forbidden', message, code);
}

async function sign(
  ctx: Koa.Context,
  state: VaultState,
  name: string,
  version: VaultVersion,
): Promise<object> {
  const { leaf, key } = version;
  const now = state.now();
  if (now < leaf.validFromDate.getTime() || leaf.validToDate.getTime() <= now) {
    const message = 'Operation sign is not allowed on a key outside its validity.';
    throw new VaultError(403, 'Forbidden', message, 'KeyNotValid');
  }
  const parsed = signOrder.safeParse(await readJson(ctx));
  if (!parsed.success) throw new VaultError(400, 'BadParameter', 'alg and value are expected.');
  const { alg, value } = parsed.data;
  try {
    const signature = signDigest(alg, Buffer.from(value, 'base64url'), key);
    return { kid: keyIdOf(state, name, version), value: signature.toString('base64url') };
  } catch (error) {
    // Only what was asked for can be out of range; anything else is a defect.
    if (!(error instanceof RangeError)) throw error;
    throw new VaultError(400, 'BadParameter', error.message);
  }
}

/** @throws {VaultError} 404, 403 for a version that is disabled or not valid, or 400. */
export async function answerOrder(
  ctx: Koa.Context,
  state: VaultState,
  order: VaultOrder,
): Promise<object> {
  const version = find(state, order);
  checkEnabled(order, version);
  switch (order.operation) {
    case 'get-certificate':
      return certificateBundle(state, order.name, version);
    case 'get-secret':
      return secretBundle(state, order.name, version);
    case 'get-key':
      return keyBundle(state, order.name, version);
    case 'sign':
      return sign(ctx, state, order.name, version);
  }
}
