/** What is said of an authority that there are no commands for: how to register there by hand. */
import { cloudAt } from '../../src/config/clouds.ts';
import { isExternalIdHost } from '../../src/config/external-id.ts';
import { Misconfigured } from '../../src/errors.ts';
import { CLOUDS } from './clouds.ts';
import type { RegistrationSettings } from './registration-settings.ts';

export function unsupportedAuthority(
  { authority, publicUrl, paths }: RegistrationSettings,
  url: URL,
): Misconfigured {
  const isEntra = authority?.kind !== 'oidc';
  const at = (path: string) => new URL(path, publicUrl).href;
  const names = [...CLOUDS.values()].map(({ name }) => name).join(', ');
  return new Misconfigured(
    [
      `${url.href} (${whatItIs(url, isEntra)}) is not supported: there are commands of az for`,
      `${names} only. Register the site by hand, as a web app with`,
      `  redirect URI              ${at(paths.callbackPath)}`,
      `  after a sign-out          ${at(paths.signedOutCallbackPath)}`,
      ...(isEntra ? [`  after admin consent       ${at(paths.adminConsentCallbackPath)}`] : []),
      `  front-channel logout URL  ${at(paths.remoteSignOutPath)}`,
      ...(isEntra ? [] : [`  back-channel logout URL   ${at(paths.backChannelLogoutPath)}`]),
      ...(isEntra ? ['all but the last as redirect URIs of the platform Web.'] : []),
      'If people are to sign in elsewhere, correct AzureAd:Instance, or name a cloud by --cloud.',
    ].join('\n'),
  );
}

function whatItIs(url: URL, isEntra: boolean): string {
  if (!isEntra) return 'no Entra ID';
  if (isExternalIdHost(url.hostname)) return 'External ID';
  return cloudAt(url.hostname)?.name ?? 'no cloud that is known here';
}
