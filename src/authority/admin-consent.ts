/** Consent of an administrator for a whole organisation: where it is given, and how that ended. */

import { mayBeExternalId } from '../config/external-id.ts';
import { Misconfigured } from '../errors.ts';
import { isConcreteTenant, PERSONAL_TENANT } from '../tenant-id.ts';
import type { Authority } from './create-authority.ts';

export interface AdminConsentRequest {
  readonly redirectUri: URL;
  readonly state: string;
  /** With the prefix of their resource. */
  readonly scopes: readonly string[];
  /** Of the person who asks for it. */
  readonly tenantId: string | undefined;
}

/** Whether there is such a thing for the people of a tenant. */
export function hasAdministrators({ settings }: Authority, tenantId: string | undefined): boolean {
  const { authority } = settings;
  // The people of External ID are customers: its owner consents for all in the portal.
  if (authority.kind !== 'entra' || mayBeExternalId(authority)) return false;
  const { tenantId: configured } = authority;
  const isPersonal = [configured, tenantId].includes(PERSONAL_TENANT);
  return configured !== 'consumers' && !isPersonal;
}

/**
 * Where an administrator consents (https://learn.microsoft.com/entra/identity-platform/v2-admin-consent):
 * in the tenant of the settings or else of the person who asks, never in one that a request names.
 *
 * @throws {Misconfigured} the authority is not Entra ID.
 */
export function adminConsentUrl(authority: Authority, request: AdminConsentRequest): URL {
  const { authority: where, clientId } = authority.settings;
  if (where.kind !== 'entra') throw new Misconfigured('Only Entra ID has administrators’ consent.');
  const { redirectUri, state, scopes, tenantId } = request;
  const own = isConcreteTenant(where.tenantId) ? where.tenantId : tenantId;
  const url = new URL(`${own ?? 'organizations'}/v2.0/adminconsent`, where.instance);
  url.search = new URLSearchParams({
    ...{ client_id: clientId, redirect_uri: redirectUri.href, state, scope: scopes.join(' ') },
  }).toString();
  return url;
}

/**
 * Whether the consent was given. `error` speaks first, as `admin_consent=True` comes with refusals,
 * too; the `tenant` beside it is anybody's word and is not read.
 */
export function isAdminConsentGiven(callback: URLSearchParams): boolean {
  return !callback.has('error') && callback.get('admin_consent')?.toLowerCase() === 'true';
}
