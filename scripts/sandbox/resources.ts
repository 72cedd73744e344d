/** The APIs that access tokens are for, their scopes in words, and how a `scope` parameter is read. */
import { ProtocolError } from './protocol-error.ts';

export interface Resource {
  /** The application id URI: the prefix of its scopes and the `aud` of its access tokens. */
  readonly uri: string;
  readonly name: string;
  /** Scope names with what a consent page says of them. */
  readonly scopes: Readonly<Record<string, string>>;
  /** What `.default` stands for: the permissions in the app's registration. */
  readonly registered: readonly string[];
  /** Scopes that only an administrator can consent to, in any tenant. */
  readonly adminScopes: readonly string[];
  /** What an application may be let do by itself, without a person. */
  readonly roles: readonly string[];
}

export const graph: Resource = {
  uri: 'https://graph.microsoft.com',
  name: 'Microsoft Graph (sandbox)',
  scopes: {
    'User.Read': 'Sign you in and read your profile',
    'User.ReadBasic.All': 'Read the basic profiles of all users',
    'User.RevokeSessions.All': 'End your sessions in all apps',
    'User.Read.All': 'Read the full profiles of all users',
    'GroupMember.Read.All': 'Read group memberships',
    'Directory.Read.All': 'Read directory data',
    'Mail.Read': 'Read your mail',
    'Mail.Send': 'Send mail as you',
    'Calendars.Read': 'Read your calendars',
    'People.Read': 'Read the list of people you work with',
    'Files.Read': 'Read your files',
    'Files.ReadWrite': 'Have full access to your files',
  },
  registered: ['User.Read'],
  adminScopes: ['User.Read.All', 'GroupMember.Read.All', 'Directory.Read.All'],
  roles: ['User.ReadBasic.All'],
};

export const todos: Resource = {
  uri: 'api://b7e23d91-0c4f-4a58-9d6e-3f5a1c8e7d21',
  name: 'To-do (sandbox)',
  scopes: {
    'Todos.Read': 'Read your to-dos',
    'Todos.ReadWrite': 'Read, add and change your to-dos',
  },
  registered: ['Todos.Read'],
  adminScopes: [],
  roles: ['Todos.Read.All'],
};

export const resources: readonly Resource[] = [graph, todos];

/** The OpenID Connect scopes with what a consent page says of them. */
export const openIdScopes: Readonly<Record<string, string>> = {
  openid: 'Sign you in',
  profile: 'View your basic profile',
  email: 'View your email address',
  offline_access: 'Maintain access to data you have given it access to',
};

/** A `scope` parameter, sorted by resource; names as registered, without prefix. */
export interface ScopeRequest {
  readonly openId: readonly string[];
  readonly byResource: ReadonlyMap<Resource, readonly string[]>;
}

function readScope(scope: string): { resource: Resource; name: string } {
  const slash = scope.lastIndexOf('/');
  const prefix = slash < 0 ? graph.uri : scope.slice(0, slash).toLowerCase();
  const resource = resources.find(({ uri }) => uri === prefix);
  if (!resource) {
    throw new ProtocolError(500011, {
      detail: `The resource principal named ${scope.slice(0, slash)} was not found in the tenant.`,
    });
  }
  const wanted = scope.slice(slash + 1).toLowerCase();
  const name = [...Object.keys(resource.scopes), '.default'].find(
    (known) => known.toLowerCase() === wanted,
  );
  if (!name) {
    throw new ProtocolError(70011, {
      detail: `The provided value for the input parameter 'scope' is not valid. The scope '${scope}' does not exist.`,
    });
  }
  return { resource, name };
}

/** @throws {ProtocolError} AADSTS500011 or 70011: a resource or scope that is not registered. */
export function parseScopes(text: string): ScopeRequest {
  const openId: string[] = [];
  const byResource = new Map<Resource, string[]>();
  for (const scope of text.split(' ').filter(Boolean)) {
    if (Object.hasOwn(openIdScopes, scope)) {
      openId.push(scope);
      continue;
    }
    const { resource, name } = readScope(scope);
    byResource.set(resource, [...(byResource.get(resource) ?? []), name]);
  }
  for (const names of byResource.values()) {
    if (names.includes('.default') && names.length > 1) {
      throw new ProtocolError(70011, {
        detail:
          ".default scope can't be combined with resource-specific scopes in parameter 'scope'.",
      });
    }
  }
  return { openId, byResource };
}

export const prefixed = (resource: Resource, name: string): string => `${resource.uri}/${name}`;

/** Whether only an administrator can consent to this prefixed scope, in any tenant. */
export const isAdminScope = (scope: string): boolean =>
  resources.some((resource) =>
    resource.adminScopes.some((name) => prefixed(resource, name) === scope),
  );

/** Every scope asked for, prefixed, with `.default` spelt out. */
export function askedScopes({ openId, byResource }: ScopeRequest): string[] {
  const named = [...byResource].flatMap(([resource, names]) =>
    names
      .flatMap((name) => (name === '.default' ? resource.registered : [name]))
      .map((name) => prefixed(resource, name)),
  );
  return [...openId, ...named];
}

/** What a consent page says of a prefixed scope. */
export function inWords(scope: string): string {
  const slash = scope.lastIndexOf('/');
  const resource = resources.find(({ uri }) => uri === scope.slice(0, slash));
  return resource?.scopes[scope.slice(slash + 1)] ?? openIdScopes[scope] ?? scope;
}
