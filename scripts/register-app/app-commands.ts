/** The commands that make the app and what belongs to it; they share the variable `CLIENT_ID`. */
import type { NewCredential, Registration } from './registration.ts';
import { command, say, shellWord } from '../shell-word.ts';

/** Microsoft Graph, in every cloud. */
const GRAPH_APP = '00000003-0000-0000-c000-000000000000';

/** Before anything is made, so that a misspelt name leaves nothing behind. */
export function lookUpPermissions({ permissions }: Registration): readonly string[] {
  const query = shellWord('oauth2PermissionScopes[].[value,id]');
  return [
    '# What Microsoft Graph calls these permissions, whose names have no case.',
    `SCOPES=$(az ad sp show --id ${GRAPH_APP} --query ${query} --output tsv)`,
    ...permissions.flatMap((permission, i) => {
      const variable = `PERMISSION_${i + 1}`;
      const pick = `'tolower($1) == "${permission.toLowerCase()}" { print $2 }'`;
      const missing = shellWord(`Microsoft Graph has no delegated permission ${permission}.`);
      return [
        `${variable}=$(printf '%s\\n' "$SCOPES" | awk ${pick})`,
        `[ -n "$${variable}" ] || { ${say(missing)}; exit 1; }`,
      ];
    }),
  ];
}

export function createApp(registration: Registration): readonly string[] {
  const { name, tenants, publicUrl, paths, hasAccountContext } = registration;
  const { callbackPath, signedOutCallbackPath, adminConsentCallbackPath } = paths;
  const redirectUris = [callbackPath, signedOutCallbackPath, adminConsentCallbackPath];
  const claims = ['login_hint', 'sid', 'acct', ...(hasAccountContext ? ['acrs'] : [])];
  const optionalClaims = { idToken: claims.map((claim) => ({ name: claim, essential: false })) };
  const create = command(
    'az ad app create',
    `--display-name ${shellWord(name)}`,
    `--sign-in-audience ${tenants.audience}`,
    // What Entra ID insists on for personal accounts; an az from before 2025 has no such option.
    ...(tenants.personal ? ['--requested-access-token-version 2'] : []),
    ['--web-redirect-uris', ...redirectUris.map((path) => wordOf(path, publicUrl))].join(' '),
    `--web-home-page-url ${shellWord(publicUrl.origin)}`,
    '--enable-id-token-issuance false',
    `--optional-claims ${shellWord(JSON.stringify(optionalClaims))}`,
    '--query appId --output tsv',
  );
  const startOver = 'echo "Stopped half-way. To start over: az ad app delete --id $CLIENT_ID" >&2';
  return [`CLIENT_ID=$(${create})`, `trap '[ $? -eq 0 ] || ${startOver}' EXIT`];
}

/** `az ad app` has no option for it. */
export function setLogoutUrl({ publicUrl, paths, cloud }: Registration): readonly string[] {
  if (publicUrl.protocol !== 'https:') {
    return [
      '# There is no front-channel logout URL, because Entra ID takes no plain http there:',
      '# signing out elsewhere does not end the session here.',
    ];
  }
  const logoutUrl = new URL(paths.remoteSignOutPath, publicUrl).href;
  return [
    '# Where the browser tells that the person signed out elsewhere.',
    command(
      'again az rest --method PATCH --headers Content-Type=application/json --output none',
      `--url "${cloud.graph}/v1.0/applications(appId='$CLIENT_ID')"`,
      `--body ${shellWord(JSON.stringify({ web: { logoutUrl } }))}`,
    ),
  ];
}

export function addPermissions({ permissions, otherScopes }: Registration): readonly string[] {
  const ids = permissions.map((_, i) => `"$PERMISSION_${i + 1}=Scope"`);
  return [
    `# Delegated permissions of Microsoft Graph: ${permissions.join(', ')}.`,
    command(
      `again az ad app permission add --id "$CLIENT_ID" --api ${GRAPH_APP}`,
      `--api-permissions ${ids.join(' ')} --only-show-errors --output none`,
    ),
    ...(otherScopes.length === 0
      ? []
      : [`# Of other APIs, which you add by their own IDs: ${otherScopes.join(', ')}.`]),
  ];
}

export function createServicePrincipal({ tenants }: Registration): readonly string[] {
  if (!tenants.work) return ['# Personal accounts are in no directory: no service principal.'];
  return [
    '# What stands for the app in this directory.',
    'again az ad sp create --id "$CLIENT_ID" --output none',
  ];
}

/** az would end every credential after a year, if it were not told (`--end-date`). */
export function addCredential(credential: NewCredential): readonly string[] {
  const endDate = credential.notAfter.toISOString().replace(/\.\d+Z$/, '+00:00');
  const reset = [
    'again az ad app credential reset --id "$CLIENT_ID" --append --only-show-errors',
    `--display-name concierge --end-date ${endDate}`,
  ];
  if (credential.type === 'secret') {
    return [
      '# A client secret, which nobody is shown again.',
      `CLIENT_SECRET=$(${command(...reset, '--query password --output tsv')})`,
    ];
  }
  return [
    '# The certificate, of which only this public part leaves the machine.',
    command(...reset, `--cert ${shellWord(`@${credential.file}`)} --output none`),
  ];
}

function wordOf(path: string, publicUrl: URL): string {
  return shellWord(new URL(path, publicUrl).href);
}
