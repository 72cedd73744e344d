/** Whether the authority answered last time it was asked: for readiness, not for decisions. */
import type { Authority } from './create-authority.ts';
import type { Health } from './http-exchange.ts';

export function authorityHealth(authority: Authority): Health {
  return authority.http.health;
}
