/** What is registered: put together from options and settings, and checked. */
import { Misconfigured } from '../../src/errors.ts';
import { resourceOf } from '../../src/scope-set.ts';
import { CLOUDS, type Cloud } from './clouds.ts';
import type { RegistrationSettings } from './registration-settings.ts';
import { TENANTS, type Tenants } from './tenants.ts';
import { unsupportedAuthority } from './unsupported-authority.ts';

export interface RegistrationOptions {
  readonly name?: string | undefined;
  readonly tenants?: string | undefined;
  readonly cloud?: string | undefined;
  readonly permission?: readonly string[] | undefined;
}

export interface Registration extends RegistrationSettings {
  readonly name: string;
  readonly tenants: Tenants;
  readonly cloud: Cloud;
  /** The directory that the settings name, by GUID or domain. */
  readonly tenant: string | undefined;
  /** Delegated permissions of Microsoft Graph, by name. */
  readonly permissions: readonly string[];
  /** Scopes of other resources, which are not looked after here. */
  readonly otherScopes: readonly string[];
}

/** How the site is to prove who it is; the app knows it until `notAfter`. */
export type NewCredential = { readonly notAfter: Date } & (
  | { readonly type: 'secret' }
  | {
      readonly type: 'certificate';
      /** Whether it was made for this run, or was there from an earlier one. */
      readonly isNew: boolean;
      /** The public part, by its absolute path. */
      readonly file: string;
      /** As the settings are to name them. */
      readonly certificateDiskPath: string;
      readonly privateKeyDiskPath: string;
    }
);

const DEFAULT_NAME = 'Concierge';
const MAX_NAME = 256;
/** Safe in a program of awk, as no name of Graph needs more. */
const PERMISSION = /^[A-Za-z][A-Za-z0-9._-]*$/;

/** @throws {Misconfigured} an option is not known, two do not go together, or az does not reach the authority. */
export function registration(
  options: RegistrationOptions,
  settings: RegistrationSettings,
): Registration {
  const entra = settings.authority?.kind === 'entra' ? settings.authority : undefined;
  const isNamed = [...TENANTS.values()].some(({ tenantId }) => tenantId === entra?.tenantId);
  const cloud = pick(CLOUDS, '--cloud', options.cloud) ?? cloudOf(settings);
  const tenants = pick(TENANTS, '--tenants', options.tenants) ?? tenantsOf(entra?.tenantId, cloud);
  if (tenants.personal && !cloud.hasPersonalAccounts) {
    throw new Misconfigured(
      'Personal Microsoft accounts are in the global cloud only: use --tenants single or multiple.',
    );
  }
  const { permissions, otherScopes } = permissionsOf(options.permission, settings.scopes);
  return {
    ...settings,
    name: checkName(options.name ?? DEFAULT_NAME),
    tenants,
    cloud,
    tenant: isNamed ? undefined : entra?.tenantId,
    permissions,
    otherScopes,
  };
}

function pick<Value>(
  values: ReadonlyMap<string, Value>,
  option: string,
  word: string | undefined,
): Value | undefined {
  if (word === undefined) return undefined;
  const value = values.get(word);
  if (value === undefined) {
    throw new Misconfigured(`${option} is one of: ${[...values.keys()].join(', ')}.`);
  }
  return value;
}

function only<Value>(values: ReadonlyMap<string, Value>, word: string): Value {
  const value = values.get(word);
  if (value === undefined) throw new Error(`no ${word}`);
  return value;
}

/** Where nothing is said of it, it is the global one, as for the site itself. */
function cloudOf(settings: RegistrationSettings): Cloud {
  const { authorityUrl: url } = settings;
  if (url === undefined) return only(CLOUDS, 'global');
  const same = [...CLOUDS.values()].find(({ instance }) => instance === new URL('/', url).href);
  if (!same) throw unsupportedAuthority(settings, url);
  return same;
}

/** `common` is only work and school accounts where there are no others. */
function tenantsOf(tenantId: string | undefined, cloud: Cloud): Tenants {
  const same = [...TENANTS.values()].find(
    (tenants) => tenants.tenantId !== undefined && tenants.tenantId === tenantId,
  );
  if (same?.personal && same.work && !cloud.hasPersonalAccounts) return only(TENANTS, 'multiple');
  return same ?? only(TENANTS, 'single');
}

/** Refuses what the shell would hand over unharmed, and `az` would then take for something else. */
function checkName(name: string): string {
  const problem = problemOf(name);
  if (problem !== undefined) throw new Misconfigured(`--name ${problem}`);
  return name;
}

function problemOf(name: string): string | undefined {
  if (name.trim() === '') return 'is empty.';
  if (name.length > MAX_NAME) return `is longer than ${MAX_NAME} characters.`;
  if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(name)) return 'holds a line break or control character.';
  if (/^-/.test(name)) return 'begins with "-", as an option of az does.';
  if (/^@|=@/.test(name)) return 'holds "@" where az reads a file: at the beginning or after "=".';
  if (name.includes("'")) return "holds ', which az cannot search for: write ’ in its place.";
  return undefined;
}

function permissionsOf(
  given: readonly string[] | undefined,
  scopes: readonly string[],
): Pick<Registration, 'permissions' | 'otherScopes'> {
  const isOfGraph = (scope: string) => resourceOf(scope) === '';
  const nameOf = (scope: string) => scope.slice(scope.lastIndexOf('/') + 1);
  const other = given?.find((scope) => !isOfGraph(scope));
  if (other !== undefined) {
    throw new Misconfigured(`--permission ${other} is not of Microsoft Graph.`);
  }
  // `.default` stands for what is registered, and adds nothing to it.
  const named = scopes.filter(isOfGraph).filter((scope) => nameOf(scope) !== '.default');
  const names = (given ?? named).map(nameOf);
  const caseless = names.map((name) => name.toLowerCase());
  const permissions = names.filter((_, i) => caseless.indexOf(caseless[i] ?? '') === i);
  const wrong = permissions.find((permission) => !PERMISSION.test(permission));
  if (wrong !== undefined) {
    throw new Misconfigured(`"${wrong}" is no permission of Microsoft Graph, such as User.Read.`);
  }
  return {
    permissions: permissions.length > 0 ? permissions : ['User.Read'],
    otherScopes: [...new Set(scopes.filter((scope) => !isOfGraph(scope)))],
  };
}
