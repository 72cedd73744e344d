/** Assertions of a module that the operator names: `CustomSignedAssertion`. */
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import type { CustomAssertionCredential } from '../config/settings.ts';
import { atMost } from '../at-most.ts';
import { Misconfigured } from '../errors.ts';
import { assertionCredential } from './assertion-credential.ts';
import { CredentialUnusable, type LoadedCredential } from './credential-source.ts';

/** What such a module is asked with. */
export interface AssertionRequest {
  readonly clientId: string;
  /** `CustomSignedAssertionProviderData`. */
  readonly data: Readonly<Record<string, string>>;
  /** Ends when nobody waits any more. */
  readonly signal: AbortSignal;
}

export type GetAssertion = (request: AssertionRequest) => Promise<string> | string;

const CUSTOM_MS = 5000;
const LOAD_MS = 10_000;

const moduleSchema = z.object({
  getAssertion: z.custom<GetAssertion>((value) => typeof value === 'function'),
});

/** The module is code of this site: it is trusted as much as the rest of it. @throws {Misconfigured} */
export async function loadAssertionModule({
  key,
  module,
}: CustomAssertionCredential): Promise<GetAssertion> {
  let exported: unknown;
  try {
    const loading = import(pathToFileURL(module).href).then((all: object) => {
      exported = { ...all };
    });
    await atMost(LOAD_MS, loading);
  } catch (cause) {
    // Whatever a module throws, the operator has to see it.
    const problem = cause instanceof Error ? `${cause.name}: ${cause.message}` : typeof cause;
    throw new Misconfigured(`${key}: the module ${module} cannot be loaded: ${problem}.`, {
      cause,
    });
  }
  if (exported === undefined) {
    const seconds = LOAD_MS / 1000;
    throw new Misconfigured(
      `${key}: the module ${module} has not finished loading after ${seconds} s.`,
    );
  }
  const parsed = moduleSchema.safeParse(exported);
  if (parsed.success) return parsed.data.getAssertion;
  throw new Misconfigured(
    `${key}: the module ${module} exports no function getAssertion. Export one that gives a JWT.`,
  );
}

/** @throws {CredentialUnusable} the module throws, takes too long, or gives no JWT. */
export async function customAssertion(
  getAssertion: GetAssertion,
  request: Omit<AssertionRequest, 'signal'>,
  module: string,
  limitMs = CUSTOM_MS,
): Promise<LoadedCredential> {
  const fix = 'Mend the module, or what it asks.';
  const signal = AbortSignal.timeout(limitMs);
  const gaveUp = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  let assertion: unknown;
  try {
    // Called within a promise: what it throws at once must not leave the other one unheard.
    assertion = await Promise.race([(async () => getAssertion({ ...request, signal }))(), gaveUp]);
  } catch (cause) {
    // Code that is not ours may throw anything; another credential may serve meanwhile.
    const what = cause instanceof Error ? cause.name : typeof cause;
    throw new CredentialUnusable(`the module ${module} gave no assertion (${what})`, {
      ...{ fix, isPassing: true },
    });
  }
  if (typeof assertion === 'string') return assertionCredential(assertion, `the module ${module}`);
  throw new CredentialUnusable(`the module ${module} gave ${typeof assertion}, not a text`, {
    fix,
  });
}
