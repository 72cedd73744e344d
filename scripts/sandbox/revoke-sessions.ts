/** Ends what a person has signed in to: refresh tokens, and with them the sessions in browsers. */
import type { User } from './directory.ts';
import type { SandboxState } from './sandbox-state.ts';

/** A refresh with any token given to this person so far is answered AADSTS50173. */
export function revokeRefreshTokens(state: SandboxState, { id }: User): void {
  for (const { user, family } of state.refreshTokens.values()) {
    if (user.id === id) state.revokedFamilies.add(family);
  }
}

/** They have to sign in anew in every browser. */
export function endBrowserSessions(state: SandboxState, { id }: User): void {
  for (const browser of state.browsers.values()) browser.delete(id);
}
