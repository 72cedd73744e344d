/** Runs a site's hooks, each within its time; what they do wrong never makes half a sign-in. */
import { z } from 'zod';
import type { SignOutKind } from '../audit.ts';
import { Misconfigured, SignInFailed, Unavailable } from '../errors.ts';
import type { FailedSignIn, HookAccount, HookName, Hooks } from '../hooks.ts';
import type { Log } from '../log.ts';
import { atMost } from '../at-most.ts';
import type { Identity } from '../token-response.ts';

interface SiteHooksOptions {
  readonly hooks: Hooks;
  readonly log: Log;
  /** How long each call may take. */
  readonly limitMs?: number;
}

const LIMIT_MS = 5000;
const MAX_MESSAGE = 500;
const MAX_PROBLEM = 500;
/** Calls that nobody waits for, at once: past them hooks are not told, as someone may be flooding us. */
const MAX_TOLD = 1000;

const plainText = z.string().transform((text) => text.replace(/\s+/g, ' ').trim());
const answerSchema = z.union([
  z.undefined().transform(() => ({ roles: [] })),
  z.strictObject({ refuse: plainText.pipe(z.string().min(1)) }),
  z.strictObject({ roles: z.array(z.string().min(1).max(100)).max(50) }),
]);

export class SiteHooks {
  readonly #hooks: Hooks;
  readonly #log: Log;
  readonly #limitMs: number;
  readonly #told = new Set<Promise<unknown>>();

  constructor({ hooks, log, limitMs = LIMIT_MS }: SiteHooksOptions) {
    this.#hooks = hooks;
    this.#log = log;
    this.#limitMs = limitMs;
  }

  /**
   * Asks whether who answered may come in, before anything is kept of them.
   *
   * @throws {SignInFailed} `refused-by-site`: the hook says no; its message is for the person.
   * @throws {Misconfigured} the hook threw, or answered what is no answer.
   * @throws {Unavailable} the hook did not answer in time.
   */
  async signIn(
    identity: Identity,
    claims: Readonly<Record<string, unknown>>,
  ): Promise<{ readonly roles: readonly string[] }> {
    const { onSignIn } = this.#hooks;
    if (!onSignIn) return { roles: [] };
    // Read in there too, as reading may run code of the hook.
    const outcome = await this.#run('onSignIn', async () =>
      readAnswer(await onSignIn(accountOf(identity), structuredClone(claims))),
    );
    if (outcome.kind === 'late') throw new Unavailable(TOO_LONG, { cause: outcome.cause });
    if (outcome.kind === 'threw') throw new Misconfigured(BROKEN, { cause: outcome.cause });
    const { answer } = outcome;
    if ('wrong' in answer) {
      const cause = new Error(`onSignIn returned ${answer.wrong}: ${EXPECTED}`);
      this.#sayFailed('onSignIn', cause);
      throw new Misconfigured(BROKEN, { cause });
    }
    if ('roles' in answer) return answer;
    const message = answer.refuse.slice(0, MAX_MESSAGE).toWellFormed();
    throw new SignInFailed('refused-by-site', message);
  }

  /** Tells of a sign-out; nobody waits for what the hook does. */
  signedOut(who: Pick<Identity, 'accountId'> & Partial<Identity>, kind: SignOutKind): void {
    const { onSignOut } = this.#hooks;
    if (!onSignOut) return;
    const { accountId: id, tenantId, objectId, username, name, issuer, subject } = who;
    const account = { id, tenantId, objectId, username, name, issuer, subject };
    this.#tell('onSignOut', () => onSignOut(account, kind));
  }

  /** Tells of a sign-in that failed; nobody waits for what the hook does. */
  signInFailed(failure: FailedSignIn): void {
    const { onSignInFailed } = this.#hooks;
    if (onSignInFailed) this.#tell('onSignInFailed', () => onSignInFailed(failure));
  }

  /** Resolves when every hook that was told is done, or its time is over. */
  async settled(): Promise<void> {
    await Promise.all(this.#told);
  }

  #tell(hook: HookName, call: () => unknown): void {
    if (this.#told.size >= MAX_TOLD) {
      this.#sayFailed(hook, new Error(`not told: ${MAX_TOLD} calls are under way`));
      return;
    }
    const told: Promise<unknown> = this.#run(hook, call).finally(() => this.#told.delete(told));
    this.#told.add(told);
  }

  /** Never rejects. Code that never gives way cannot be stopped; all else ends with its time. */
  async #run<T>(hook: HookName, call: () => T | Promise<T>): Promise<Outcome<T>> {
    let answered: { readonly answer: T } | undefined;
    const work = async () => {
      answered = { answer: await call() };
    };
    try {
      await atMost(this.#limitMs, work());
    } catch (error) {
      // Not our code: whatever it throws is told to the operator.
      const { problem, at } = problemOf(error);
      const cause = new Error(problem);
      this.#sayFailed(hook, cause, at);
      return { kind: 'threw', cause };
    }
    if (answered) return { kind: 'answered', answer: answered.answer };
    const cause = new Error(`${hook} has not answered after ${this.#limitMs} ms`);
    this.#sayFailed(hook, cause);
    return { kind: 'late', cause };
  }

  #sayFailed(hook: HookName, { message }: Error, at?: string): void {
    const about = { event: 'hook_failed', hook, problem: message, ...(at && { at }) };
    this.#log.error(about, 'a hook of this site failed');
  }
}

type Outcome<T> =
  | { readonly kind: 'answered'; readonly answer: T }
  | { readonly kind: 'threw'; readonly cause: Error }
  | { readonly kind: 'late'; readonly cause: Error };

const TOO_LONG = 'This site took too long to check your sign-in, so you were not signed in.';
const BROKEN = 'This site could not check your sign-in, so you were not signed in.';
const EXPECTED = 'wanted is nothing, { refuse } or { roles }, as in src/hooks.ts';

function accountOf(identity: Identity): HookAccount {
  const { accountId: id, tenantId, objectId, username, name, issuer, subject } = identity;
  return { id, tenantId, objectId, username, name, issuer, subject };
}

/** What a hook answered or, where that is no answer, its type. */
function readAnswer(answer: unknown) {
  const { success, data } = answerSchema.safeParse(answer);
  return success ? data : { wrong: typeName(answer) };
}

/** The type and no more: what is in it may be anybody's. */
function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value !== 'object') return `a ${typeof value}`;
  return `an object with ${Object.keys(value).slice(0, 5).join(', ').slice(0, 100) || 'no keys'}`;
}

/** What was thrown and where in the module, in words. */
function problemOf(error: unknown): { readonly problem: string; readonly at?: string | undefined } {
  try {
    if (!(error instanceof Error)) return { problem: `threw a ${typeof error}` };
    const problem = `${error.name}: ${error.message}`.slice(0, MAX_PROBLEM);
    return { problem, at: /^ +at (.{1,300})$/m.exec(error.stack ?? '')?.[1] };
  } catch {
    // Looking at it runs code of the hook, which may throw again.
    return { problem: 'threw what cannot be read' };
  }
}
