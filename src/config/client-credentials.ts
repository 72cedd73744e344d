/** Reads how this site proves who it is: all credentials given, in the order in which they are tried. */
import type { AzureAdContext, AzureAdKey } from './azure-ad.ts';
import { type Candidate, secretCandidate } from './candidate.ts';
import { readCredentialDescription } from './credential-description.ts';
import type { Section } from './section.ts';
import type { AuthoritySettings, ClientCredential } from './settings.ts';
import { CREDENTIAL_KEYS } from './source-keys.ts';

/**
 * `ClientCredentials`, `ClientCertificates` and `ClientSecret`, in this order. What is wrong with the
 * writing of one is a fault; what is wrong with a certificate or a file is a fault only where no
 * other can take its place, as it may be mended while the site runs.
 */
export function readClientCredentials(
  azureAd: Section<AzureAdKey>,
  context: AzureAdContext,
  authority: AuthoritySettings | undefined,
): readonly ClientCredential[] {
  const written = [
    ...azureAd.sections('ClientCredentials', CREDENTIAL_KEYS),
    ...azureAd.sections('ClientCertificates', CREDENTIAL_KEYS),
  ];
  const described = written.filter((section) => section.flag('Skip') !== true);
  if (described.length === 0 && !azureAd.has('ClientSecret')) {
    const others = written.length > 0 ? 'all others are skipped' : 'there is no certificate either';
    const problem = `is missing, and ${others}`;
    const fix = 'Set it to a client secret of the app registration, or fill ClientCredentials.';
    azureAd.fault('ClientSecret', problem, fix);
  }
  const sendX5c = azureAd.flag('SendX5C') ?? false;
  const candidates = [
    ...described.map((section) =>
      readCredentialDescription(section, { ...context, sendX5c, authority }),
    ),
    readSecret(azureAd),
  ].filter((candidate) => candidate !== undefined);
  reportProblems(azureAd, candidates);
  return candidates.map(({ credential }) => credential);
}

function reportProblems({ report }: Section<AzureAdKey>, candidates: readonly Candidate[]): void {
  const canStart = candidates.some(({ problem }) => problem === undefined);
  for (const { problem, warning } of candidates) {
    if (warning) report.warn(warning.key, warning.text, warning.fix);
    if (!problem) continue;
    const { key, text, fix } = problem;
    if (canStart) report.warn(key, `${text}; it is passed over`, fix);
    else report.fault(key, text, fix);
  }
}

function readSecret(azureAd: Section<AzureAdKey>): Candidate | undefined {
  const secret = azureAd.text('ClientSecret');
  const key = azureAd.pathOf('ClientSecret');
  return secret === undefined ? undefined : secretCandidate(key, key, secret);
}
