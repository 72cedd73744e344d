/** Reads how this site proves who it is: the first usable of the credentials given. */

import { isGuid } from './authority-settings.ts';
import type { AzureAdContext, AzureAdKey } from './azure-ad.ts';
import {
  type Candidate,
  CREDENTIAL_KEYS,
  readCredentialDescription,
} from './credential-description.ts';
import type { Section } from './section.ts';
import type { ClientCredential } from './settings.ts';

/**
 * The first credential that is valid now, of `ClientCredentials`, `ClientCertificates` and
 * `ClientSecret`, in this order. All are checked; one that is only out of its time is passed over.
 */
export function readClientCredential(
  azureAd: Section<AzureAdKey>,
  context: AzureAdContext,
): ClientCredential | undefined {
  const described = [
    ...azureAd.sections('ClientCredentials', CREDENTIAL_KEYS),
    ...azureAd.sections('ClientCertificates', CREDENTIAL_KEYS),
  ].filter((section) => section.flag('Skip') !== true);
  const sendX5c = azureAd.flag('SendX5C') ?? false;
  const candidates = [
    ...described.map((section) => readCredentialDescription(section, { ...context, sendX5c })),
    readSecret(azureAd),
  ].filter((candidate) => candidate !== undefined);

  if (described.length === 0 && !azureAd.has('ClientSecret')) {
    const problem = 'is missing, and there is no certificate either';
    const fix = 'Set it to a client secret of the app registration, or fill ClientCredentials.';
    azureAd.fault('ClientSecret', problem, fix);
  }
  return firstUsable(azureAd, candidates);
}

function firstUsable(
  { report }: Section<AzureAdKey>,
  candidates: readonly Candidate[],
): ClientCredential | undefined {
  const usable = candidates.find(({ outOfTime }) => outOfTime === undefined);
  for (const { key, outOfTime } of candidates) {
    if (outOfTime === undefined) continue;
    if (usable) report.warn(key, `${outOfTime}; ${usable.key} is used.`);
    else report.fault(key, outOfTime, 'Put a certificate there that is valid now.');
  }
  const unused = candidates.find((each) => each !== usable && each.outOfTime === undefined);
  if (usable && unused) report.warn(unused.key, `is not used, because ${usable.key} is.`);
  if (usable?.expiresSoon) report.warn(usable.key, usable.expiresSoon);
  return usable?.credential;
}

function readSecret(azureAd: Section<AzureAdKey>): Candidate | undefined {
  const secret = azureAd.text('ClientSecret');
  if (secret === undefined) return undefined;
  if (isGuid(secret)) {
    azureAd.warn(
      'ClientSecret',
      'looks like the ID of a secret: the portal shows ID and Value, and the Value belongs here.',
    );
  }
  return { key: azureAd.pathOf('ClientSecret'), credential: { type: 'secret', secret } };
}
