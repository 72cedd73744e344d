/** Finds the rule that opens a path of an API to front-ends. */
import type { DownstreamApi, GatewayRule } from '../config/settings.ts';
import { pathSegments } from './path-segments.ts';

/**
 * The first rule that opens `method` and `path`, or `undefined`: what no rule opens is closed.
 *
 * `path` is the one that is sent, still percent-encoded. Segments are compared as written, so a
 * letter in another case or escaped is another path. A rule for `GET` is one for `HEAD` too.
 */
export function matchGatewayRule(
  api: DownstreamApi,
  method: string,
  path: string,
): GatewayRule | undefined {
  const segments = pathSegments(path);
  if (segments === undefined) return undefined;
  const asked = method === 'HEAD' ? ['HEAD', 'GET'] : [method];
  return api.gateway.find(
    (rule) =>
      rule.methods.some((allowed) => asked.includes(allowed)) && isMatch(patternOf(rule), segments),
  );
}

function patternOf(rule: GatewayRule): readonly string[] {
  const path = rule.path.replace(/^\//, '');
  return path === '' ? [] : path.split('/');
}

/** One pass: on a mismatch the last `**` takes one segment more, so no pattern costs more than n × m. */
function isMatch(pattern: readonly string[], segments: readonly string[]): boolean {
  let p = 0;
  let s = 0;
  let wild: { readonly p: number; s: number } | undefined;
  while (s < segments.length) {
    if (pattern[p] === '**') {
      wild = { p, s };
      p += 1;
    } else if (isSegmentMatch(pattern[p], segments[s])) {
      p += 1;
      s += 1;
    } else if (wild !== undefined && segments[wild.s] !== '') {
      wild.s += 1;
      p = wild.p + 1;
      s = wild.s;
    } else return false;
  }
  return pattern.slice(p).every((part) => part === '**');
}

/** An empty last segment (a trailing slash) is matched by its like only. */
function isSegmentMatch(part: string | undefined, segment: string | undefined): boolean {
  if (part === '*') return segment !== '';
  return part === segment;
}
