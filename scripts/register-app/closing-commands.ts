/** The commands that print what is left to do: the settings, and the next steps. */
import type { NewCredential, Registration } from './registration.ts';
import { settingsLines } from './settings-lines.ts';
import { command, shellWord } from '../shell-word.ts';

/** Alone on standard output, so that it can be sent to a file. */
export function printSettings(
  registration: Registration,
  credential: NewCredential,
): readonly string[] {
  return [
    '# The settings for appsettings.json.',
    command("printf '%s\\n'", ...settingsLines(registration, credential)),
  ];
}

export function printNextSteps(registration: Registration): readonly string[] {
  const steps = [
    shellWord('Put these settings into appsettings.json, beside what is there. Then:'),
    shellWord(
      '  npm run new-key        makes a key: one for TokenCache:EncryptionKeys, another for IndexKey',
    ),
    shellWord('  npm start -- --check   validates all settings'),
    shellWord('  npm run doctor         tries them at Entra ID'),
    ...consentSteps(registration),
  ];
  return [`${command("printf '%s\\n'", ...steps)} >&2`];
}

/** Of an administrator, for everyone in the directory; what people may consent to themselves needs none. */
function consentSteps({ tenants, cloud, publicUrl, paths }: Registration): readonly string[] {
  if (!tenants.work) return [];
  const redirectUri = new URL(paths.adminConsentCallbackPath, publicUrl).href;
  const query = Object.entries({
    scope: `${cloud.graph}/.default`,
    redirect_uri: redirectUri,
    state: 'registration',
  }).map(([name, value]) => `&${name}=${encodeURIComponent(value)}`);
  const url = `${cloud.instance}$TENANT_ID/v2.0/adminconsent?client_id=$CLIENT_ID${query.join('')}`;
  // az refuses this command in other clouds.
  const byAz = cloud.hasPersonalAccounts
    ? ['"  az ad app permission admin-consent --id $CLIENT_ID"']
    : [];
  return [
    shellWord('Where an administrator has to consent for everyone in the directory:'),
    ...byAz,
    // Without a quote or other sign that is alive: it is encoded, and the hosts were checked.
    `"  ${url}"`,
  ];
}
