/** The commands of the Azure CLI that register an app, complete and in order, as one text for bash. */
import { isGuid } from '../../src/tenant-id.ts';
import {
  addCredential,
  addPermissions,
  createApp,
  createServicePrincipal,
  lookUpPermissions,
  setLogoutUrl,
} from './app-commands.ts';
import { printNextSteps, printSettings } from './closing-commands.ts';
import type { NewCredential, Registration } from './registration.ts';
import { say, shellWord } from '../shell-word.ts';
import { defineAgain } from './define-again.ts';

/**
 * All in one subshell, which is read as a whole before any of it runs, and ends at the first failure
 * without ending the shell that it is pasted into.
 */
export function registrationCommands(
  registration: Registration,
  credential: NewCredential,
): string {
  const parts = [
    ['set -eu', ...useCloud(registration), ...readTenant(registration)],
    refuseSameName(registration),
    lookUpPermissions(registration),
    defineAgain(),
    createApp(registration),
    setLogoutUrl(registration),
    addPermissions(registration),
    createServicePrincipal(registration),
    addCredential(credential),
    printSettings(registration, credential),
    printNextSteps(registration),
  ];
  const body = parts.map((lines) => lines.join('\n')).join('\n\n');
  return `${introduction(registration).join('\n')}\n(\n${body}\n)\n`;
}

function introduction(registration: Registration): readonly string[] {
  return [
    '# Registers this site in Entra ID: read it, then paste it into bash, or run it from a file.',
    '# Be signed in as someone who may register apps:',
    ...[...useCloud(registration), login(registration)].map((line) => `#   ${line}`),
  ];
}

function useCloud({ cloud: { azName } }: Registration): readonly string[] {
  return azName === 'AzureCloud' ? [] : [`az cloud set --name ${azName}`];
}

function login({ tenant }: Registration): string {
  return `az login --allow-no-subscriptions${tenant === undefined ? '' : ` --tenant ${tenant}`}`;
}

function readTenant(registration: Registration): readonly string[] {
  const { tenant } = registration;
  return [
    '# The directory that az is signed in to: the app is registered there.',
    'TENANT_ID=$(az account show --query tenantId --output tsv)',
    // What a domain's GUID is, az does not say.
    ...(tenant !== undefined && isGuid(tenant) ? refuseOtherTenant(registration, tenant) : []),
  ];
}

function refuseOtherTenant(registration: Registration, tenant: string): readonly string[] {
  const refusal = `"az is signed in to the directory $TENANT_ID, and the settings name ${tenant}: ${login(registration)}"`;
  return [`[ "$TENANT_ID" = ${tenant} ] || { ${say(refusal)}; exit 1; }`];
}

/** `az ad app create` takes the name for a key (https://github.com/Azure/azure-cli/issues/30427). */
function refuseSameName({ name }: Registration): readonly string[] {
  const filter = shellWord(`displayName eq '${name}'`);
  const refusal = '"There is an app of this name already: $EXISTING. Choose another --name."';
  return [
    '# az would not make a second app of one name, but change the first.',
    `EXISTING=$(az ad app list --filter ${filter} --query '[].appId' --output tsv)`,
    `[ -z "$EXISTING" ] || { ${say(refusal)}; exit 1; }`,
  ];
}
