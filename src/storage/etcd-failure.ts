/** What a failure of etcd means, told by its gRPC status and etcd's own words. */
import type { Failure } from './backend.ts';
import type { StoreState } from './store-unavailable.ts';

/** etcd's own words (its `api/v3rpc/rpctypes`), each of them said before anything is changed. */
const STATES: readonly (readonly [words: RegExp, state: StoreState])[] = [
  [/database space exceeded|request is too large/, 'full'],
  [/authentication failed|permission denied|user name is empty|user name not found/, 'refused'],
  [/invalid auth token|authentication is not enabled/, 'refused'],
];

export function explainEtcdFailure(error: unknown): Failure {
  const message = error instanceof Error ? error.message : '';
  const own = /etcdserver: ([\w:/ -]+)/.exec(message)?.[1];
  const state = STATES.find(([words]) => words.test(own ?? ''))?.[1];
  if (own !== undefined && state) return { reason: own, outcome: 'not-done', state };
  // Why there is no connection, else the name of a gRPC status: what follows that has times in it.
  const lost = /No connection established\. Last error: (?:Error: )?(.+?)\.? Resolution/.exec(
    message,
  );
  const status = /\b\d+ ([A-Z_]+):/.exec(message)?.[1];
  return {
    reason: own ?? lost?.[1] ?? status ?? 'unknown',
    outcome: lost ? 'not-done' : 'unknown',
    state: 'down',
  };
}

/** It refused a write, because it does not know the lease. */
export function isLeaseUnknown(error: unknown): boolean {
  return error instanceof Error && error.message.includes('requested lease not found');
}
