/** The refreshes that a sandbox has seen, of whom and for what. */
import { setTimeout as wait } from 'node:timers/promises';
import type { User } from '../../scripts/sandbox/directory.ts';
import type { RequestRecord } from '../../scripts/sandbox/sandbox-options.ts';
import type { Sandbox } from '../../scripts/sandbox/start-sandbox.ts';
import type { Wanted } from './race-call.ts';

const LOOK_MS = 5;
const GIVE_UP_MS = 30_000;

export class RefreshCount {
  readonly #requests: readonly RequestRecord[];

  constructor({ requests }: Sandbox) {
    this.#requests = requests;
  }

  total(user: User): number {
    return this.#refreshes(user).length;
  }

  /** By the names of calls. */
  of(user: User, calls: readonly Wanted[]): Map<string, number> {
    const refreshes = this.#refreshes(user);
    return new Map(
      calls.map(({ name, scopes, tenantId = 'common' }) => {
        const count = refreshes.filter(
          ({ scope = '', path }) =>
            scopes.every((each) => scope.split(' ').includes(each)) &&
            path.startsWith(`/${tenantId}/`),
        ).length;
        return [name, count];
      }),
    );
  }

  /** Resolves once a refresh with this id has been read whole. @throws {Error} it does not come. */
  async arrival(requestId: string): Promise<void> {
    const giveUpAt = Date.now() + GIVE_UP_MS;
    const hasArrived = () =>
      this.#requests.some(
        ({ headers, grantType }) =>
          headers['client-request-id'] === requestId && grantType !== undefined,
      );
    while (!hasArrived()) {
      if (Date.now() > giveUpAt) throw new Error('a refresh did not arrive');
      await wait(LOOK_MS);
    }
  }

  #refreshes({ id, homeTenantId }: User): RequestRecord[] {
    return this.#requests.filter(
      ({ grantType, headers }) =>
        grantType === 'refresh_token' && headers['x-anchormailbox'] === `Oid:${id}@${homeTenantId}`,
    );
  }
}
