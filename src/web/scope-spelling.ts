/** Writes scopes as the settings have them: tokens are kept under theirs in lower case. */
import type { Settings } from '../config/settings.ts';
import { resourceOf } from '../scope-set.ts';

/** The scope for one permission (lower case) of a resource, as it is asked for. */
export type SpellScope = (resource: string, permission: string) => string;

type ScopeSettings = Pick<Settings, 'downstreamApis'> & {
  readonly site: Pick<Settings['site'], 'signInScopes'>;
};

/** A permission that no setting names gets the prefix of its resource's others. */
export function scopeSpelling({ site, downstreamApis }: ScopeSettings): SpellScope {
  const ofApis = downstreamApis.flatMap(({ scopes, gateway }) => [
    ...scopes,
    ...gateway.flatMap((rule) => rule.scopes ?? []),
  ]);
  const spelled = new Map<string, string>();
  const prefixes = new Map<string, string>();
  for (const scope of [...ofApis, ...site.signInScopes]) {
    const [resource, start] = [resourceOf(scope), scope.lastIndexOf('/') + 1];
    const key = `${resource} ${scope.slice(start).toLowerCase()}`;
    spelled.set(key, spelled.get(key) ?? scope);
    prefixes.set(resource, prefixes.get(resource) || scope.slice(0, start));
  }
  return (resource, permission) => {
    const prefix = prefixes.get(resource) ?? (resource && `${resource}/`);
    return spelled.get(`${resource} ${permission}`) ?? `${prefix}${permission}`;
  };
}
