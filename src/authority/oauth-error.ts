/** The one translator from the authority's refusals to what is done about them. */
import {
  type AppError,
  type ErrorDetail,
  Misconfigured,
  SignInFailed,
  type SignInReason,
  SignInRequired,
  Unavailable,
} from '../errors.ts';
import { retryAfterSeconds } from '../retry-after.ts';
import { type ErrorBody, readCallbackError, readErrorBody } from './error-body.ts';
import type { HttpAnswer } from './http-exchange.ts';
import { isPassing } from './transport-error.ts';

/** What a refused token request was for. */
export interface RefusedGrant {
  /** `app`: for this site itself, so that nobody can be sent to sign in. */
  readonly kind: 'code' | 'refresh' | 'app';
  readonly scopes: readonly string[];
  /** The claims that were sent, which the person has to answer if the authority names none itself. */
  readonly claims?: string | undefined;
}

/** Refusals that only the operator can mend: of this site, its credential, its registration. */
const OURS = new Set([
  'invalid_client',
  'unauthorized_client',
  'invalid_request',
  'invalid_scope',
  'invalid_resource',
  'invalid_target',
  'invalid_tenant',
  'unsupported_grant_type',
  'unsupported_response_type',
]);

const PASSING = new Set(['temporarily_unavailable', 'server_error']);

/** Revoked, expired, of a signed-out session, or past the tenant's sign-in frequency. */
const DEAD_REFRESH_TOKEN = new Set([
  50085, 50089, 50132, 50133, 50173, 70000, 70008, 70043, 700082, 700084,
]);
const CONSENT_MISSING = 65001;
/**
 * No consent, no role assigned, and no trace of this site in the tenant, which an administrator's
 * consent would leave there.
 */
const ADMIN_CONSENT_MISSING = new Set([CONSENT_MISSING, 90094, 501051, 700016, 7000229]);
/** What only a person could mend, had a person been there. */
const FOR_A_PERSON = new Set([
  'invalid_grant',
  'interaction_required',
  'login_required',
  'access_denied',
]);
const CODE_ALREADY_USED = 54005;
const TENANT_UNKNOWN = 90002;
const TENANT_THROTTLED = 90055;
/** The app registration, or the tenant, is of another cloud: its refresh tokens and people are. */
const OTHER_CLOUD = [90038, 900439];
const REQUEST_LOOP = 50196;
/** The authority counts the same request over five minutes. */
const REQUEST_LOOP_SECONDS = 300;

/**
 * What an answer of the token endpoint other than 200 means.
 *
 * The status speaks first, so that a passing fault never looks like a refusal; then `error`,
 * `suberror` and `claims`; AADSTS numbers only where those are silent, and for what Entra ID sends
 * under any `error`: a throttled tenant, a loop, a tenant that does not exist or is of another
 * cloud. What is unknown is taken as passing: it signs nobody out.
 */
export function refusal(answer: HttpAnswer, grant: RefusedGrant, now: number): AppError {
  const body = readErrorBody(answer.json);
  const retryAfter = retryAfterSeconds(answer.headers.get('retry-after'), now);
  const { status } = answer;
  const isForAll = names(body, TENANT_THROTTLED);
  const isLoop = names(body, REQUEST_LOOP);
  if (!body || isForAll || isLoop || isPassing(status) || PASSING.has(body.error)) {
    return busy({
      detail: body?.detail,
      retryAfter: retryAfter ?? (isLoop ? REQUEST_LOOP_SECONDS : undefined),
      outcome: status === 429 || (body && status < 500) ? 'not-done' : 'unknown',
      cause: isForAll ? 'tenant throttled' : isLoop ? 'request loop' : `HTTP ${status}`,
      isForAll,
    });
  }
  if (isOfOtherCloud(body.detail)) return otherCloud(body.detail);
  if (grant.kind === 'app') return refusalOfSite(body, retryAfter);
  const { errorCodes, detail } = body;
  if (isBeyondGrant(body, grant)) {
    return new SignInRequired('consent', { scopes: grant.scopes, detail });
  }
  if (isOurs(body)) return ours(detail);
  const reason = grant.kind === 'code' ? reasonAtRedemption(body) : reasonAtRefresh(body);
  if (reason) {
    return new SignInRequired(reason, {
      scopes: grant.scopes,
      claims: body.claims ?? grant.claims,
      detail,
    });
  }
  if (grant.kind === 'code' && isConsentMissing(body)) {
    const message = 'A consent that was asked for is still missing. You can try again.';
    return new SignInFailed('declined', message, { detail, scopes: grant.scopes });
  }
  if (body.error !== 'invalid_grant') {
    return busy({ detail, retryAfter, outcome: 'not-done', cause: body.error });
  }
  const message = errorCodes?.includes(CODE_ALREADY_USED)
    ? 'This sign-in was already completed. Start again.'
    : 'The sign-in could not be completed. Start again.';
  return new SignInFailed('bad-answer', message, { detail, scopes: grant.scopes });
}

/** What it means that the last credential of this site was refused. */
export function refusalOfCredential({ json }: HttpAnswer): Misconfigured {
  return ours(readErrorBody(json)?.detail);
}

/** What an error in the callback means (RFC 6749 §4.1.2.1, OpenID Connect Core §3.1.2.6). */
export function callbackRefusal(callback: URLSearchParams, scopes: readonly string[]): AppError {
  const detail = readCallbackError(callback);
  const error = callback.get('error') ?? '';
  if (isOfOtherCloud(detail)) return otherCloud(detail);
  if (error === 'access_denied' || error === 'consent_required') {
    const message = 'What was asked for was declined, so nothing has changed. You can try again.';
    return new SignInFailed('declined', message, { detail, scopes });
  }
  if (PASSING.has(error)) return busy({ detail, outcome: 'not-done', cause: error });
  if (OURS.has(error)) return ours(detail);
  const message = 'The sign-in service did not let this sign-in through. You can try again.';
  return new SignInFailed('refused-by-authority', message, { detail, scopes });
}

/** Nobody is there to sign in: it is for the operator, or for later. */
function refusalOfSite(
  body: ErrorBody,
  retryAfter: number | undefined,
): Misconfigured | Unavailable {
  const { error, detail } = body;
  if (isAdminConsentMissing(body)) return adminConsentMissing(detail);
  if (isOurs(body) || FOR_A_PERSON.has(error)) return ours(detail);
  return busy({ detail, retryAfter, outcome: 'not-done', cause: error });
}

function isOurs(body: ErrorBody): boolean {
  return OURS.has(body.error) || names(body, TENANT_UNKNOWN);
}

/** A plain authority refreshes within what was granted, and says so of anything else (RFC 6749 §6). */
function isBeyondGrant({ error, errorCodes }: ErrorBody, grant: RefusedGrant): boolean {
  return grant.kind === 'refresh' && error === 'invalid_scope' && !errorCodes;
}

/** A code fails for good, unless the authority says what it wants of the person first. */
function reasonAtRedemption({ error, claims }: ErrorBody): SignInReason | undefined {
  if (error === 'interaction_required') return 'interaction';
  return error === 'invalid_grant' && claims ? 'interaction' : undefined;
}

function reasonAtRefresh({ error, suberror, claims, errorCodes }: ErrorBody) {
  switch (error) {
    case 'consent_required':
      return 'consent';
    case 'interaction_required':
    case 'login_required':
      return 'interaction';
    case 'invalid_grant':
      break;
    default:
      return undefined;
  }
  if (suberror === 'bad_token' || suberror === 'token_expired') return 'refresh-token-dead';
  if (suberror === 'consent_required') return 'consent';
  if (suberror) return 'interaction';
  if (errorCodes?.includes(CONSENT_MISSING)) return 'consent';
  if (claims) return 'interaction';
  // Plain OAuth has no numbers: there `invalid_grant` is the refresh token's end (RFC 6749 §5.2).
  const dead = !errorCodes || errorCodes.some((code) => DEAD_REFRESH_TOKEN.has(code));
  return dead ? 'refresh-token-dead' : 'interaction';
}

function isConsentMissing({ error, suberror }: ErrorBody): boolean {
  return error === 'consent_required' || suberror === 'consent_required';
}

function isAdminConsentMissing(body: ErrorBody): boolean {
  if (isConsentMissing(body)) return true;
  const { errorCodes } = body;
  return errorCodes?.some((code) => ADMIN_CONSENT_MISSING.has(code)) ?? false;
}

function names(body: ErrorBody | undefined, code: number): boolean {
  return body?.errorCodes?.includes(code) ?? false;
}

interface Pause {
  readonly detail?: ErrorDetail | undefined;
  readonly retryAfter?: number | undefined;
  readonly outcome: 'not-done' | 'unknown';
  readonly cause: string;
  readonly isForAll?: boolean;
}

function busy({ detail, retryAfter, outcome, cause, isForAll = false }: Pause): Unavailable {
  return new Unavailable('The sign-in service is busy. Try again shortly.', {
    retryAfterSeconds: retryAfter,
    outcome,
    isForAll,
    cause: new Error(`authority: ${cause}`),
    ...(detail && { detail }),
  });
}

function ours(detail?: ErrorDetail): Misconfigured {
  return new Misconfigured(
    'The sign-in service refuses this site itself. Its operator has to mend that.',
    detail && { detail },
  );
}

function isOfOtherCloud({ errorCodes }: ErrorDetail): boolean {
  return errorCodes?.some((code) => OTHER_CLOUD.includes(code)) ?? false;
}

function otherCloud(detail: ErrorDetail): Misconfigured {
  return new Misconfigured(
    'This site, or the tenant, is registered in another Microsoft cloud than the one that was asked. ' +
      'Its operator has to set AzureAd:Instance to the right one.',
    { detail },
  );
}

function adminConsentMissing(detail: ErrorDetail): Misconfigured {
  return new Misconfigured(
    'This site may not act on its own in that tenant: an administrator there must consent to it first.',
    { detail },
  );
}
