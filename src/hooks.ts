/** The hooks: functions of a site's own module that are asked at sign-in and told of its end. */
import type { AuditEventOf, SignOutKind } from './audit.ts';

/** Who signed in, from the checked ID token. */
export interface HookAccount {
  /** Stable: what to keep notes under. */
  readonly id: string;
  readonly tenantId: string | undefined;
  readonly objectId: string | undefined;
  /** For display, never for a decision. */
  readonly username: string | undefined;
  readonly name: string | undefined;
  readonly issuer: string;
  readonly subject: string;
}

/** As far as it is still known; of a sign-out that the authority announces, often the id alone. */
export type SignedOutAccount = Pick<HookAccount, 'id'> & {
  readonly [Key in Exclude<keyof HookAccount, 'id'>]: HookAccount[Key] | undefined;
};

/** As its audit event: nothing in it opens anything. */
export type FailedSignIn = Omit<AuditEventOf<'sign_in_failed'>, 'event'>;

/** Nothing lets the person in. */
export type SignInAnswer =
  | undefined
  /** The message is shown to the person as plain text: up to 500 characters. */
  | { readonly refuse: string }
  /** Up to 50 of up to 100 characters each. */
  | { readonly roles: readonly string[] };

/** What a hook module may export, each by its name. */
export interface Hooks {
  /**
   * Asked before anything of a sign-in is kept, and given 5 s. If it throws, hangs or answers
   * anything else, the person is not signed in. `claims`: all of the checked ID token, as a copy.
   */
  readonly onSignIn?: (
    account: HookAccount,
    claims: Readonly<Record<string, unknown>>,
    // biome-ignore lint/suspicious/noConfusingVoidType: a function that returns nothing is one too
  ) => SignInAnswer | void | Promise<SignInAnswer | void>;
  /** Told after a sign-out; whatever becomes of it changes nothing for the person. */
  readonly onSignOut?: (account: SignedOutAccount, kind: SignOutKind) => unknown;
  /** Told after a sign-in failed; whatever becomes of it changes nothing for the person. */
  readonly onSignInFailed?: (failure: FailedSignIn) => unknown;
}

export const HOOK_NAMES = ['onSignIn', 'onSignOut', 'onSignInFailed'] as const;
export type HookName = (typeof HOOK_NAMES)[number];
