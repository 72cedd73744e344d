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
import {
  CERTIFICATE_UNKNOWN,
  registrationPlace,
  renewal,
  unusableMend,
} from './credential-mend.ts';

/** What the authority said of a credential; `unclear`: nothing against it, and nothing for certain. */
type Answer =
  | { readonly state: 'taken' | 'unclear' }
  | { readonly state: 'failed'; readonly error: AppError };

type Told = Pick<Finding, 'result' | 'seen' | 'mend'>;

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
    const found = await Promise.all(
      credentials.map((credential) => findingsOf(context, complete, credential, isThere)),
    );
    return found.flat();
  },
};

async function findingsOf(
  context: CheckContext,
  settings: Complete,
  credential: ClientCredential,
  isThere: boolean,
): Promise<readonly Finding[]> {
  const { fetch, clock, tenantId } = context;
  const parts = { fetch, now: clock.now, log: createLog('silent'), audit: () => undefined };
  const authority = createAuthority({ ...settings, credentials: [credential] }, parts);
  const [status] = await authority.credentials.review();
  const subject = `${credential.key} (${credential.sourceType})`;
  const clientId = settings.authority.kind === 'entra' ? settings.clientId : undefined;
  const place = { clientId, now: clock.now() };
  if (!status || status.state === 'unusable') {
    return [{ subject, ...unusableFinding(credential, status, place) }];
  }
  // Whatever is known of it otherwise.
  const soon = expiryFinding(credential, status, place);
  const ending = soon ? [{ subject, ...soon }] : [];
  if (!isThere) {
    const seen = 'It can be used; the authority cannot be asked about it.';
    return [{ result: 'skipped', subject, seen }, ...ending];
  }
  const begun = clock.monotonic();
  const answer = await ask(authority, tenantId);
  const timed = { subject, tookMs: clock.monotonic() - begun };
  // A vault may give the certificate, and refuse to sign.
  const [used] = authority.credentials.status;
  if (answer.state === 'failed' && used?.state === 'unusable') {
    return [{ ...timed, ...unusableFinding(credential, used, place) }, ...ending];
  }
  return [
    { ...timed, ...answerFinding(answer, settings, credential, status, clock.now()) },
    ...ending,
  ];
}

interface Place {
  /** Of an app registration of Entra ID; other authorities have no such portal. */
  readonly clientId: string | undefined;
  readonly now: number;
}

function unusableFinding(
  credential: ClientCredential,
  status: CredentialStatus | undefined,
  place: Place,
): Told {
  const seen = `It cannot be used: ${status?.problem ?? 'it is not there'}.`;
  return { result: 'failed', seen, mend: unusableMend(credential, status ?? {}, place) };
}

function expiryFinding(
  credential: ClientCredential,
  { expiresAt, thumbprint }: CredentialStatus,
  { clientId, now }: Place,
): Told | undefined {
  const days = daysLeft(expiresAt, now);
  if (days === undefined || days >= EXPIRES_SOON_DAYS) return undefined;
  const seen = `Its certificate (thumbprint ${thumbprint}) expires in ${days} days.`;
  return { result: 'warning', seen, mend: renewal(credential, clientId) };
}

function answerFinding(
  answer: Answer,
  settings: Complete,
  credential: ClientCredential,
  status: CredentialStatus,
  now: number,
): Told {
  switch (answer.state) {
    case 'failed':
      return refusedFinding(answer.error, settings, credential);
    case 'unclear':
      return unclearFinding(settings);
    case 'taken':
      return takenFinding(status, now);
  }
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
  { authority, clientId }: Complete,
  credential: ClientCredential,
): Told {
  const { errorCodes = [] } = error.detail;
  const place = authority.kind === 'entra' ? registrationPlace(credential, clientId) : {};
  const told = errorCodes.map((code) => aadstsMend(code, { clientId })).find((each) => each);
  if (told) {
    const isUnknown = errorCodes.includes(CERTIFICATE_UNKNOWN);
    return { result: 'failed', seen: told.seen, mend: { ...told.mend, ...(isUnknown && place) } };
  }
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
  return { result: 'failed', seen, mend: { text, ...place } };
}

function unclearFinding({ authority }: Complete): Told {
  const so = 'It can be used, and the authority says nothing against it';
  if (authority.kind === 'entra' && isPersonal(authority.tenantId)) {
    return {
      result: 'skipped',
      seen: `${so}; where personal accounts alone sign in, only a sign-in tells for certain.`,
      mend: { text: 'Sign in at the site with a personal account: that needs the credential.' },
    };
  }
  return {
    result: 'skipped',
    seen: `${so}; only a tenant tells for certain.`,
    mend: {
      text: 'Name a tenant in which the site is used.',
      command: 'npm run doctor -- --tenant contoso.example',
    },
  };
}

function isPersonal(tenantId: string): boolean {
  return [PERSONAL_TENANT, 'consumers'].includes(tenantId.toLowerCase());
}

function takenFinding({ expiresAt, thumbprint }: CredentialStatus, now: number): Told {
  const days = daysLeft(expiresAt, now);
  const isLasting = days !== undefined && days >= EXPIRES_SOON_DAYS;
  const lasts = `; its certificate (thumbprint ${thumbprint}) expires in ${days} days`;
  return { result: 'ok', seen: `The authority takes it${isLasting ? lasts : ''}.` };
}
