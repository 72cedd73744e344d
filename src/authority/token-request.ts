/** One exchange with the token endpoint: openid-client asks, and the answer is captured before anyone judges it. */
import { randomUUID } from 'node:crypto';
import {
  allowInsecureRequests,
  type ClientAuth,
  ClientError,
  Configuration,
  type CustomFetchOptions,
  customFetch,
} from 'openid-client';
import { z } from 'zod';
import packageJson from '../../package.json' with { type: 'json' };
import type { Proof } from '../credentials/credential-source.ts';
import type { AssertionForm } from './client-assertion.ts';
import { clientAuthentication } from './client-authentication.ts';
import type { Authority } from './create-authority.ts';
import { credentialRefusal } from './credential-refusal.ts';
import { readErrorBody } from './error-body.ts';
import type { HttpAnswer } from './http-exchange.ts';
import type { AuthorityMetadata } from './metadata-document.ts';
import { type RefusedGrant, refusal, refusalOfCredential } from './oauth-error.ts';
import { type Salvage, salvageSchema, type TokenBody, tokenBodySchema } from './token-body.ts';
import { unreachable } from './transport-error.ts';

export interface Grant extends RefusedGrant {
  /** The call of openid-client that sends the grant and checks the answer's form. */
  readonly send: (configuration: Configuration) => Promise<unknown>;
  /** Called synchronously before each sending; what it throws aborts it unsent. */
  readonly beforeSend?: () => void;
  /** Named to Entra ID, so that it can route the request. */
  readonly accountId?: string;
}

/** A 200 of the token endpoint: tokens, or something else that may still hold a refresh token. */
export type TokenAnswer =
  | { readonly kind: 'tokens'; readonly body: TokenBody }
  | { readonly kind: 'malformed'; readonly salvage: Salvage; readonly cause: Error };

const CERTIFICATE_UNKNOWN = 700027;

/**
 * A configuration for openid-client from metadata that was checked here. It is made for each call,
 * so that each has its own capture.
 */
export function configure(
  { settings }: Pick<Authority, 'settings'>,
  metadata: AuthorityMetadata,
  clientAuth?: ClientAuth,
): Configuration {
  const server = {
    issuer: metadata.issuer,
    authorization_endpoint: metadata.authorizationEndpoint,
    token_endpoint: metadata.tokenEndpoint,
    ...(metadata.endSessionEndpoint && { end_session_endpoint: metadata.endSessionEndpoint }),
  };
  const configuration = new Configuration(server, settings.clientId, undefined, clientAuth);
  // The metadata's own check lets http pass on loopback only.
  allowInsecureRequests(configuration);
  return configuration;
}

/**
 * Sends a grant, with the next credential if the authority refuses one.
 *
 * @throws {AppError} what the refusal means, see `refusal`.
 * @throws {Unavailable} no answer, or none that can be read; or no credential can be had now.
 */
export async function requestTokens(authority: Authority, grant: Grant): Promise<TokenAnswer> {
  const metadata = await authority.metadata.current();
  let isOfCredential = false;
  const answer = await authority.credentials.use(
    (proof) => exchangeInForm({ authority, metadata, grant, proof }),
    (given, { kind }) => {
      if (!('status' in given)) return 'accepted';
      const refused = credentialRefusal(authority.settings.authority, given, kind);
      isOfCredential = refused?.isCertain ?? false;
      return refused ?? 'unjudged';
    },
  );
  if (!('status' in answer)) return answer;
  // Under whatever `error` it comes: the person can do nothing about it.
  throw isOfCredential ? refusalOfCredential(answer) : refusal(answer, grant, authority.now());
}

interface Exchange {
  readonly authority: Authority;
  readonly metadata: AuthorityMetadata;
  readonly grant: Grant;
  readonly proof: Proof;
}

/**
 * A certificate that Entra ID does not find by its SHA-256 thumbprint is named once more by its
 * SHA-1; the form that is taken is remembered.
 */
async function exchangeInForm(what: Exchange): Promise<HttpAnswer | TokenAnswer> {
  const { authority, proof } = what;
  if (proof.kind !== 'certificate') return await exchange(what, 'sha256');
  const { assertionForms, log } = authority;
  const form = assertionForms.get(proof.sha256) ?? 'sha256';
  const answer = await exchange(what, form);
  if (form === 'sha1' || !isCertificateUnknown(answer)) return answer;
  const again = await exchange(what, 'sha1');
  // Only what was taken shows it: a fault that comes between says nothing.
  if (!('status' in again)) {
    assertionForms.set(proof.sha256, 'sha1');
    log.warn({ event: 'client_assertion_sha1' }, 'the authority wants x5t and RS256');
  }
  return again;
}

async function exchange(
  { authority, metadata, grant, proof }: Exchange,
  form: AssertionForm,
): Promise<HttpAnswer | TokenAnswer> {
  const { settings, now } = authority;
  const request = { clientId: settings.clientId, metadata, form, now: now() };
  const clientAuth = await clientAuthentication(proof, request);
  const configuration = configure(authority, metadata, clientAuth);
  let captured: HttpAnswer | undefined;
  let thrown: { readonly error: unknown } | undefined;

  configuration[customFetch] = async (url, options) => {
    try {
      // Nothing is awaited between these two: what `beforeSend` saw still holds when it leaves.
      grant.beforeSend?.();
      captured = await send(authority, url, options, grant.accountId);
      return withoutIdToken(captured);
    } catch (error) {
      // Kept as it is: openid-client would wrap it.
      thrown = { error };
      throw error;
    }
  };
  // It has no clock of its own: the exchange's limit covers the body too.
  configuration.timeout = 0;

  try {
    await grant.send(configuration);
  } catch (error) {
    // The one call to openid-client; what its errors mean depends on how far it came.
    if (thrown) throw unreachable(thrown.error);
    if (!captured) throw error;
    if (captured.status === 200) {
      if (!(error instanceof ClientError)) throw error;
      return malformed(captured, new Error(`authority: not a token response (${error.code})`));
    }
  }
  if (!captured) throw new Error('openid-client answered without asking');
  if (captured.status !== 200) return captured;
  const body = tokenBodySchema.safeParse(captured.json);
  if (body.success) return { kind: 'tokens', body: body.data };
  return malformed(captured, new Error('authority: a token response without its members'));
}

async function send(
  { http, limits, settings }: Authority,
  url: string,
  { body, headers, method }: CustomFetchOptions,
  accountId: string | undefined,
): Promise<HttpAnswer> {
  const traced = settings.authority.kind === 'entra' ? entraHeaders(accountId) : {};
  return await http.send(url, {
    method,
    body: body ?? null,
    headers: { ...headers, ...traced },
    timeoutMs: limits.tokenMs,
  });
}

/** What support asks for, and what lets Entra ID find the account's home without looking. */
function entraHeaders(accountId: string | undefined): Record<string, string> {
  const [, uid, utid] = /^([\w-]+)\.([\w-]+)$/.exec(accountId ?? '') ?? [];
  return {
    'client-request-id': randomUUID(),
    'return-client-request-id': 'true',
    'x-client-SKU': packageJson.name,
    'x-client-Ver': packageJson.version,
    ...(uid && utid && { 'x-anchormailbox': `Oid:${uid}@${utid}` }),
  };
}

/** openid-client's own check of the ID token knows no issuer template and no keys kept: it is checked here. */
function withoutIdToken({ status, json }: HttpAnswer): Response {
  const kept = z.record(z.string(), z.unknown()).safeParse(json);
  // It only has to fail: what such an answer means is read from the capture.
  if (!kept.success) return new Response(null, { status: 502 });
  const { id_token: _, ...rest } = kept.data;
  return Response.json(rest, { status });
}

function malformed({ json }: HttpAnswer, cause: Error): TokenAnswer {
  return { kind: 'malformed', salvage: salvageSchema.safeParse(json).data ?? {}, cause };
}

function isCertificateUnknown(answer: HttpAnswer | TokenAnswer): boolean {
  if (!('status' in answer)) return false;
  return readErrorBody(answer.json)?.errorCodes?.includes(CERTIFICATE_UNKNOWN) ?? false;
}
