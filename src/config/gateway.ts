/** Reads the rules that open paths of an API to front-ends. */
import type { ApiKey } from './downstream-api.ts';
import { nearest } from './nearest.ts';
import { readScopes, resourcesOf } from './scopes.ts';
import type { Section } from './section.ts';
import type { GatewayRule } from './settings.ts';

export const GATEWAY_KEYS = ['Methods', 'Path', 'Scopes'] as const;
type GatewayKey = (typeof GATEWAY_KEYS)[number];

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** The rules, whose own scopes must be of the API's resource. An unknown key in one is a fault. */
export function readGateway(
  api: Section<ApiKey>,
  apiScopes: readonly string[],
): readonly GatewayRule[] {
  return api.sections('Gateway', GATEWAY_KEYS).map((section) => {
    section.refuseUnknownKeys();
    return {
      methods: readMethods(section),
      path: readPath(section),
      scopes: readRuleScopes(section, apiScopes),
    };
  });
}

function readMethods(section: Section<GatewayKey>): readonly string[] {
  const methods = (section.words('Methods', /[\s,]+/) ?? []).map((word) => word.toUpperCase());
  if (!section.has('Methods')) {
    section.fault('Methods', 'is missing', 'Name the methods that the rule opens, like GET.');
  }
  for (const method of methods.filter((each) => !METHODS.includes(each))) {
    const near = nearest(method, METHODS);
    const fix = near ? `Did you mean ${near}?` : `Known are ${METHODS.join(', ')}.`;
    section.fault('Methods', `holds ${method}, which is no method a gateway passes on`, fix);
  }
  return methods;
}

function readPath(section: Section<GatewayKey>): string {
  const path = section.requiredText('Path', 'Name the path that the rule opens, like /me/**.');
  if (path === undefined) return '';
  const problem = pathProblem(path);
  if (problem) {
    section.fault('Path', problem, 'Write a path below BaseUrl, like /me/* or /me/messages/**.');
  }
  return path;
}

function pathProblem(path: string): string | undefined {
  if (!path.startsWith('/')) return 'does not begin with "/"';
  if (/[?#\\\s]/.test(path)) return 'holds a query, a fragment, a backslash or a space';
  const segments = path.slice(1).split('/');
  if (segments.some((part) => part === '.' || part === '..' || /%2e|%2f|%5c/i.test(part))) {
    return 'holds a dot segment or an escaped slash, which is never passed on';
  }
  if (segments.slice(0, -1).includes('')) return 'holds an empty segment';
  if (segments.some((part) => part.includes('*') && part !== '*' && part !== '**')) {
    return 'holds a "*" that is not a whole segment';
  }
  return undefined;
}

function readRuleScopes(
  section: Section<GatewayKey>,
  apiScopes: readonly string[],
): readonly string[] | undefined {
  const scopes = readScopes(section, 'Scopes');
  const resources = resourcesOf([...apiScopes, ...(scopes ?? [])]);
  if (scopes && resources.length > 1) {
    section.fault(
      'Scopes',
      `leaves the API’s own resource: ${resources.join(', ')}`,
      'Name scopes of the resource that the API’s Scopes are of.',
    );
  }
  return scopes?.length === 0 ? undefined : scopes;
}
