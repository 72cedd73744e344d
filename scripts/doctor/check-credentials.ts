/** Each credential of the list by itself: whether it can be used here, and whether the authority takes it. */
import { createAuthority } from '../../src/authority/create-authority.ts';
import { refreshTokens } from '../../src/authority/refresh-tokens.ts';
import { requestAppToken } from '../../src/authority/request-app-token.ts';
import { EXPIRES_SOON_DAYS } from '../../src/certificates/certificate.ts';
import type { AzureAdSettings } from '../../src/config/azure-ad.ts';
import { cloudOf } from '../../src/config/clouds.ts';
import type { AuthoritySettings, ClientCredential } from '../../src/config/settings.ts';
import type { CredentialStatus } from '../../src/credentials/credential-status.ts';
import { daysLeft } from '../../src/credentials/watch-credentials.ts';
import { AppError, SignInRequired, Unavailable } from '../../src/errors.ts';
import { createLog } from '../../src/log.ts';
import { isConcreteTenant, PERSONAL_TENANT } from '../../src/tenant-id.ts';
import { aadstsMend } from './aadsts-mend.ts';
import { type Check, type CheckContext, type Finding, skipped } from './check.ts';

/** What the authority said of a credential; `unclear`: nothing against it, and nothing for certain. */
type Answer =
  | { readonly state: 'taken' | 'unclear' }
  | { readonly state: 'failed'; readonly error: AppError };

type Complete = AzureAdSettings & {
  readonly authority: AuthoritySettings;
  readonly clientId: string;
};

export const checkCredentials: Check = {
  name: 'credentials',
  run: async (context) => {
    const { azureAd } = context.examined.sections ?? {};
    const { authority, clientId, credentials = [] } = azureAd ?? {};
    if (!azureAd || !authority || clientId === undefined || credentials.length === 0) {
      return skipped('The authority, AzureAd:ClientId or a credential is not configured.');
    }
    const asked = await context.askAuthority();
    const isThere = asked?.state === 'good';
    const complete = { ...azureAd, authority, clientId };
    return await Promise.all(
      credentials.map((credential) => findingOf(context, complete, credential, isThere)),
    );
  },
};

async function findingOf(
  context: CheckContext,
  settings: Complete,
  credential: ClientCredential,
  isThere: boolean,
): Promise<Finding> {
  const { fetch, clock, tenantId } = context;
  const parts = { fetch, now: clock.now, log: createLog('silent'), audit: () => undefined };
  const authority = createAuthority({ ...settings, credentials: [credential] }, parts);
  const [status] = await authority.credentials.review();
  const subject = `${credential.key} (${credential.sourceType})`;
  if (!status || status.state === 'unusable') {
    const text = status?.fix ?? 'See the settings.';
    return {
      result: 'failed',
      subject,
      seen: `It cannot be used: ${status?.problem ?? 'it is not there'}.`,
      mend: { text },
    };
  }
  if (!isThere) {
    return {
      result: 'skipped',
      subject,
      seen: 'It can be used; the authority cannot be asked about it.',
    };
  }
  const begun = clock.monotonic();
  const answer = await ask(authority, tenantId);
  const timed = { subject, tookMs: clock.monotonic() - begun };
  if (answer.state === 'failed') return { ...timed, ...refusedFinding(answer.error, settings) };
  if (answer.state === 'unclear') return { ...timed, ...unclearFinding() };
  return { ...timed, ...takenFinding(status, clock.now()) };
}

/**
 * With a token of the site itself, which only a credential is needed for; where none can be had, as no
 * tenant is named, with a refresh token that is none: a bad credential is refused before it is looked at.
 */
async function ask(
  authority: ReturnType<typeof createAuthority>,
  tenantId: string | undefined,
): Promise<Answer> {
  const where = authority.settings.authority;
  const tenant = where.kind === 'entra' ? (tenantId ?? where.tenantId) : undefined;
  try {
    if (
      where.kind === 'entra' &&
      tenant &&
      isConcreteTenant(tenant) &&
      tenant !== PERSONAL_TENANT
    ) {
      const [graph = 'graph.microsoft.com'] = cloudOf(where.instance)?.graphHosts ?? [];
      const scopes = [`https://${graph}/.default`];
      await requestAppToken(authority, { scopes, tenantId: tenant, beforeSend: () => {} });
      return { state: 'taken' };
    }
    const accountId = 'doctor';
    await refreshTokens(authority, {
      ...{ refreshToken: 'doctor', scopes: [], accountId, beforeSend: () => {} },
    });
    return { state: 'taken' };
  } catch (error) {
    if (error instanceof SignInRequired) {
      return { state: where.kind === 'entra' ? 'unclear' : 'taken' };
    }
    if (error instanceof AppError) return { state: 'failed', error };
    throw error;
  }
}

function refusedFinding(
  error: AppError,
  { clientId }: Complete,
): Pick<Finding, 'result' | 'seen' | 'mend'> {
  const { errorCodes = [] } = error.detail;
  const told = errorCodes.map((code) => aadstsMend(code, { clientId })).find((each) => each);
  if (told) return { result: 'failed', ...told };
  if (error instanceof Unavailable) {
    const text = 'Ask again in a minute; see the row on discovery.';
    return { result: 'warning', seen: `It could not be told: ${error.message}`, mend: { text } };
  }
  if (error.detail.error === undefined) {
    // It was not the credential that was refused: nothing was asked about it.
    const text = 'Correct the tenant, of the settings or of --tenant.';
    return { result: 'failed', seen: error.message, mend: { text } };
  }
  const numbers = errorCodes.map((code) => ` AADSTS${code}`).join('');
  const text = 'Correct it, or register it at the authority.';
  const seen = `The authority refuses it (${error.detail.error}${numbers}).`;
  return { result: 'failed', seen, mend: { text } };
}

function unclearFinding(): Pick<Finding, 'result' | 'seen' | 'mend'> {
  return {
    result: 'skipped',
    seen: 'It can be used, and the authority says nothing against it; only a tenant tells for certain.',
    mend: {
      text: 'Name a tenant in which the site is used.',
      command: 'npm run doctor -- --tenant contoso.example',
    },
  };
}

function takenFinding(
  { expiresAt, thumbprint }: CredentialStatus,
  now: number,
): Pick<Finding, 'result' | 'seen' | 'mend'> {
  const days = daysLeft(expiresAt, now);
  if (days === undefined) return { result: 'ok', seen: 'The authority takes it.' };
  const seen = `The authority takes it; its certificate (thumbprint ${thumbprint}) expires in ${days} days.`;
  if (days >= EXPIRES_SOON_DAYS) return { result: 'ok', seen };
  const text =
    'Register a new certificate beside it, and replace the file or the vault’s version; or put the new one first in the list, start again, and remove this one later.';
  return { result: 'warning', seen, mend: { text, portal: PORTAL } };
}

const PORTAL = 'App registrations > (this app) > Certificates & secrets > Certificates';
