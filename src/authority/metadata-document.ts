/** The checks on a discovery document: it must be the configured authority's own, and safe to use. */

import { z } from 'zod';
import { hostsOfTenant, mayBeExternalId } from '../config/external-id.ts';
import type { AuthoritySettings, EntraSettings } from '../config/settings.ts';
import { Misconfigured } from '../errors.ts';
import { isSecureUrl } from '../loopback.ts';
import { isGuid, PERSONAL_TENANT } from '../tenant-id.ts';
import { isPlainIssuer, tenantInIssuer } from './tenant.ts';

/** What this site uses of the discovery document. */
export interface AuthorityMetadata {
  /** May hold the literal `{tenantid}`, when the authority serves several tenants. */
  readonly issuer: string;
  /** Entra ID’s own name of the cloud that it is, which its keys may name, too. */
  readonly cloudInstanceName: string | undefined;
  readonly authorizationEndpoint: string;
  readonly tokenEndpoint: string;
  readonly signingKeysUrl: string;
  readonly endSessionEndpoint: string | undefined;
  readonly tokenEndpointAuthMethods: readonly string[];
  /** Whether a person can be asked which account they mean. */
  readonly asksForAccount: boolean;
  /** Whether callbacks must carry `iss` (RFC 9207 §2.4). */
  readonly callbackCarriesIssuer: boolean;
}

/** What an authority that lists none takes; for plain OpenID Connect see Discovery §3. */
const DEFAULT_AUTH_METHODS = { entra: ['client_secret_post'], oidc: ['client_secret_basic'] };

const endpoint = z.string().refine(isSafeUrl, 'must be an https URL, or http on loopback');

const documentSchema = z.object({
  issuer: z.string(),
  cloud_instance_name: z.string().optional(),
  authorization_endpoint: endpoint,
  token_endpoint: endpoint,
  jwks_uri: endpoint,
  end_session_endpoint: endpoint.optional(),
  token_endpoint_auth_methods_supported: z.array(z.string()).optional(),
  prompt_values_supported: z.array(z.string()).optional(),
  authorization_response_iss_parameter_supported: z.boolean().optional(),
});

/** @throws {Misconfigured} the document is malformed, or speaks for another authority. */
export function checkMetadata(settings: AuthoritySettings, document: unknown): AuthorityMetadata {
  const parsed = documentSchema.safeParse(document);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw wrong(`its ${issue?.path.join('.') || 'JSON'} is not usable: ${issue?.message}`);
  }
  const { data } = parsed;
  if (!isExpectedIssuer(settings, data.issuer)) {
    throw wrong(`its issuer is ${data.issuer}, which is not the configured authority`);
  }
  if (settings.kind === 'entra') {
    const { authorization_endpoint, token_endpoint, jwks_uri, end_session_endpoint } = data;
    for (const url of [authorization_endpoint, token_endpoint, jwks_uri, end_session_endpoint]) {
      if (url !== undefined && !isEndpointOf(settings, data.issuer, new URL(url))) {
        throw wrong(`it names ${new URL(url).origin} instead of ${settings.instance.origin}`);
      }
    }
  }
  return {
    issuer: data.issuer,
    cloudInstanceName: data.cloud_instance_name,
    authorizationEndpoint: data.authorization_endpoint,
    tokenEndpoint: data.token_endpoint,
    signingKeysUrl: data.jwks_uri,
    endSessionEndpoint: data.end_session_endpoint,
    tokenEndpointAuthMethods:
      data.token_endpoint_auth_methods_supported ?? DEFAULT_AUTH_METHODS[settings.kind],
    // Entra ID does, and lists no prompts.
    asksForAccount:
      settings.kind === 'entra' || !!data.prompt_values_supported?.includes('select_account'),
    callbackCarriesIssuer: data.authorization_response_iss_parameter_supported ?? false,
  };
}

/** Every endpoint is at the authority's own host; of External ID, at that of any of the tenant's names. */
function isEndpointOf(settings: EntraSettings, issuer: string, { origin }: URL): boolean {
  if (origin === settings.instance.origin) return true;
  if (!mayBeExternalId(settings)) return false;
  const hosts = hostsOfTenant(tenantInIssuer(settings, issuer) ?? '', settings.tenantId);
  return hosts.some((host) => origin === `https://${host}`);
}

function isExpectedIssuer(settings: AuthoritySettings, issuer: string): boolean {
  if (settings.kind === 'oidc') return isPlainIssuer(settings, issuer);
  const tenant = tenantInIssuer(settings, issuer);
  if (tenant === undefined) return false;
  switch (settings.tenantId.toLowerCase()) {
    case 'common':
    case 'organizations':
      return tenant === '{tenantid}';
    case 'consumers':
      return tenant === PERSONAL_TENANT;
    default:
      return isGuid(settings.tenantId)
        ? tenant.toLowerCase() === settings.tenantId.toLowerCase()
        : isGuid(tenant);
  }
}

function isSafeUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && isSecureUrl(url);
}

function wrong(what: string): Misconfigured {
  return new Misconfigured(`The authority’s discovery document cannot be used: ${what}.`);
}
