/** The tokens that are kept of an account, and what was allowed and refused, in words for its page. */
import type { AccountOverview, TokenOverview } from '../broker/account-overview.ts';
import type { Settings } from '../config/settings.ts';
import { resourceOf } from '../scope-set.ts';
import { scopeSpelling } from './scope-spelling.ts';
import { type ScopeWords, scopeWords } from './scope-words.ts';

interface OfApi {
  /** The API's name in the settings; where it has none, its resource. */
  readonly api: string;
  readonly tenantId: string | undefined;
}

export interface ShownToken extends OfApi {
  readonly id: string;
  /** What it was asked for, and what it was granted. */
  readonly asked: readonly string[];
  readonly granted: readonly ScopeWords[];
  /** ISO 8601, UTC. */
  readonly gotAt: string;
  readonly expiresAt: string;
  /** `due`: good, and renewed the next time it is asked for. */
  readonly state: 'fresh' | 'due' | 'expired';
}

export interface ShownConsent extends OfApi {
  readonly granted: readonly ScopeWords[];
  /** Asked for and not given, or not without asking the person. */
  readonly refused: readonly ScopeWords[];
}

interface Shown {
  readonly tokens: readonly ShownToken[];
  readonly consents: readonly ShownConsent[];
}

/** Every permission of an API, whichever they are: never granted by that name. */
const WHOLE_API = '.default';

export function accountTokens(settings: Settings, overview: AccountOverview, now: number): Shown {
  const spell = scopeSpelling(settings);
  const inWords = (resource: string, permissions: Iterable<string>) =>
    [...permissions].map((permission) => scopeWords(spell(resource, permission)));
  const tokens = overview.tokens.map((token) => ({
    id: token.id,
    api: apiName(settings, token.resource),
    tenantId: token.tenantId,
    asked: token.asked.map((permission) => spell(token.resource, permission)),
    granted: inWords(token.resource, token.granted),
    gotAt: new Date(token.gotAt).toISOString(),
    expiresAt: new Date(token.expiresAt).toISOString(),
    state: stateOf(token, now),
  }));
  const consents = consentsOf(overview).map(({ tenantId, resource, granted, asked }) => ({
    api: apiName(settings, resource),
    tenantId,
    granted: inWords(resource, granted),
    refused: inWords(resource, asked.difference(granted)),
  }));
  return { tokens, consents };
}

function apiName({ downstreamApis, azureAd }: Settings, resource: string): string {
  const apis = downstreamApis.filter(({ scopes }) => resourceOf(scopes[0] ?? '') === resource);
  if (apis.length > 0) return apis.map(({ name }) => name).join(', ');
  if (resource !== '') return resource;
  return azureAd.authority.kind === 'entra' ? 'Microsoft Graph' : 'The sign-in service';
}

function stateOf({ refreshAt, expiresAt }: TokenOverview, now: number): ShownToken['state'] {
  if (now >= expiresAt) return 'expired';
  return now >= refreshAt ? 'due' : 'fresh';
}

/** All that is known of each resource, of all its tokens together. */
function consentsOf({ tokens, refusals }: AccountOverview) {
  const all = [...tokens, ...refusals.map((refusal) => ({ ...refusal, granted: [] }))];
  const byResource = Map.groupBy(all, ({ tenantId = '', resource }) => `${tenantId} ${resource}`);
  return [...byResource.values()].flatMap((group) => {
    const [first] = group;
    if (!first) return [];
    const { tenantId, resource } = first;
    const granted = new Set(group.flatMap((each) => each.granted));
    const asked = new Set(group.flatMap((each) => each.asked));
    asked.delete(WHOLE_API);
    return [{ tenantId, resource, granted, asked }];
  });
}
