/** How the sandbox's APIs check an access token: signature, issuer, audience, time, scope, challenges. */

import { errors, jwtVerify } from 'jose';
import type Koa from 'koa';
import { z } from 'zod';
import { isPath } from './api-path.ts';
import { type User, users } from './directory.ts';
import type { Challenge } from './faults.ts';
import { graphError } from './graph-error.ts';
import type { Resource } from './resources.ts';
import type { SandboxState } from './sandbox-state.ts';

const claimsSchema = z.object({
  iss: z.string(),
  tid: z.guid(),
  oid: z.string(),
  /** Of a person's token alone. */
  scp: z.string().optional(),
  /** Of an application's token alone. */
  idtyp: z.literal('app').optional(),
  roles: z.array(z.string()).optional(),
  acrs: z.array(z.string()).optional(),
  sandbox_serial: z.number(),
  sandbox_answers_nbf: z.string().optional(),
});

type Claims = z.infer<typeof claimsSchema>;

async function verify(state: SandboxState, token: string, resource: Resource): Promise<Claims> {
  const { payload, protectedHeader } = await jwtVerify(
    token,
    ({ kid }) => {
      const key = state.keys.find(kid);
      if (!key) throw new errors.JWKSNoMatchingKey();
      return key.publicKey;
    },
    { algorithms: ['RS256'], audience: resource.uri, currentDate: new Date(state.now()) },
  );
  const claims = claimsSchema.parse(payload);
  const issuer = state.keys.find(protectedHeader.kid)?.issuer.replace('{tenantid}', claims.tid);
  if (claims.iss !== issuer) throw new errors.JWTClaimValidationFailed('iss', payload, 'iss');
  return claims;
}

const authorizationUri = ({ url }: SandboxState): string => `${url.href}common/oauth2/authorize`;

function unauthorised(ctx: Koa.Context, state: SandboxState, message: string): void {
  graphError(ctx, state, 401, 'InvalidAuthenticationToken', message);
  ctx.set(
    'www-authenticate',
    `Bearer realm="", authorization_uri="${authorizationUri(state)}", error="invalid_token"`,
  );
}

const reasons = {
  revoked: 'TokenIssuedBeforeRevocationTimestamp',
  'authentication-context': 'AuthenticationContextRequired',
  location: 'LocationConditionEvaluationSatisfied',
} as const;

/** Microsoft Graph leaves `authorization_uri` unquoted and pads the base64 of `claims`. */
function challenge(ctx: Koa.Context, state: SandboxState, asked: Challenge): void {
  const message = `Continuous access evaluation resulted in challenge with result: InteractionRequired and code: ${reasons[asked.kind]}`;
  graphError(ctx, state, 401, 'InvalidAuthenticationToken', message);
  const encoded = Buffer.from(asked.claims).toString('base64');
  const bearer = `Bearer realm="", authorization_uri=${authorizationUri(state)}, client_id="${graphClientId}", error="insufficient_claims", claims="${encoded}"`;
  const basic = 'Basic realm="a, b=\\"c\\"", charset="UTF-8"';
  ctx.set('www-authenticate', asked.amongOthers ? ['Negotiate', bearer, basic] : bearer);
}

/** Microsoft Graph's own application. */
const graphClientId = '00000003-0000-0000-c000-000000000000';

/** The challenge that a token has not answered yet. */
function unanswered(
  ctx: Koa.Context,
  state: SandboxState,
  api: 'graph' | 'todo',
  claims: Claims,
): Challenge | undefined {
  const asked = state.faults.challenges.get(api);
  if (!asked || !isPath(api, asked.path, ctx.path)) return undefined;
  const { kind, upToSerial, notBefore } = asked;
  if (kind === 'location') return asked;
  if (kind === 'authentication-context') return claims.acrs?.includes('c1') ? undefined : asked;
  const renewed = claims.sandbox_serial > upToSerial && claims.sandbox_answers_nbf === notBefore;
  return renewed ? undefined : asked;
}

/** What opens a path: any of `scopes` in a person's token, any of `roles` in an application's own. */
export interface Door {
  readonly scopes: readonly string[];
  readonly roles: readonly string[];
}

function opens({ scopes, roles }: Door, claims: Claims): boolean {
  if (claims.idtyp === 'app') return roles.some((role) => claims.roles?.includes(role));
  const granted = claims.scp?.split(' ') ?? [];
  return scopes.some((scope) => granted.includes(scope));
}

/** The claims of a token that is genuine and alive, or `undefined` when the answer is 401. */
export async function authenticate(
  ctx: Koa.Context,
  state: SandboxState,
  resource: Resource,
): Promise<Claims | undefined> {
  const token = ctx.get('authorization').match(/^Bearer (.+)$/i)?.[1];
  if (!token) {
    unauthorised(ctx, state, 'Access token is empty.');
    return undefined;
  }
  const expired = 'Lifetime validation failed, the token is expired.';
  try {
    const claims = await verify(state, token, resource);
    if (claims.sandbox_serial > state.faults.expiredUpToSerial) return claims;
    unauthorised(ctx, state, expired);
  } catch (error) {
    // Whatever is wrong with a token, the caller is told 401 and no more than Graph would say.
    const late = error instanceof errors.JWTExpired;
    unauthorised(ctx, state, late ? expired : 'Access token validation failure.');
  }
  return undefined;
}

/** The claims of a token that passed, or `undefined` when the request has been answered with a refusal. */
export async function admit(
  ctx: Koa.Context,
  state: SandboxState,
  api: 'graph' | 'todo',
  resource: Resource,
  door: Door,
): Promise<Claims | undefined> {
  const claims = await authenticate(ctx, state, resource);
  if (!claims) return undefined;
  const asked = unanswered(ctx, state, api, claims);
  if (asked) {
    challenge(ctx, state, asked);
    return undefined;
  }
  if (opens(door, claims)) return claims;
  const needed = claims.idtyp === 'app' ? `the role ${door.roles}` : `the scope ${door.scopes}`;
  const message = {
    graph: 'Access is denied. Check credentials and try again.',
    todo: `Access is denied. The token lacks ${needed}.`,
  };
  graphError(ctx, state, 403, 'ErrorAccessDenied', message[api]);
  return undefined;
}

/** The person whose object this is, at home or as a guest. */
export function personOf(objectId: string): User | undefined {
  return users.find(
    ({ id, guestIn }) => id === objectId || guestIn.some((guest) => guest.objectId === objectId),
  );
}

/** A person whose token passed, on a path that no application opens by itself. */
export async function authorise(
  ctx: Koa.Context,
  state: SandboxState,
  api: 'graph' | 'todo',
  resource: Resource,
  scopes: readonly string[],
): Promise<User | undefined> {
  const claims = await admit(ctx, state, api, resource, { scopes, roles: [] });
  return claims && personOf(claims.oid);
}
