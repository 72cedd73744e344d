/** Assertions of other issuers that an application trusts: a cluster's, a pipeline's, a managed identity's. */
import { compactVerify, createLocalJWKSet, errors, type JSONWebKeySet } from 'jose';
import { z } from 'zod';
import { type AssertionClaims, checkTimes, claimsBeforeCheck, readHeader } from './assertion.ts';
import type { PresentedAssertion } from './certificate-assertion.ts';
import { ProtocolError } from './protocol-error.ts';
import type { FederatedCredential, SandboxApp } from './sandbox-options.ts';
import type { SandboxState } from './sandbox-state.ts';

const advice =
  'Check your federated identity credential Subject, Audience and Issuer against the presented assertion. https://learn.microsoft.com/entra/workload-id/workload-identity-federation';

/** What the record of requests calls it. */
export const nameOf = ({ name, subject }: FederatedCredential): string => name ?? subject;

/** The registered credential that issuer, subject and audience match, letter by letter. */
function findCredential(app: SandboxApp, { iss, sub, aud }: AssertionClaims): FederatedCredential {
  const all = app.federatedCredentials ?? [];
  if (all.length === 0) {
    throw new ProtocolError(70025, {
      detail: `The client '${app.clientId}'(${app.name}) has no configured federated identity credentials.`,
    });
  }
  const audiences = [aud].flat();
  const refuse = (number: number, what: string, value: string) =>
    new ProtocolError(number, {
      detail: `No matching federated identity record found for presented assertion ${what} '${value}'. ${advice}`,
    });
  const ofIssuer = all.filter(({ issuer }) => issuer === iss);
  if (ofIssuer.length === 0) throw refuse(700211, 'issuer', iss);
  if (!ofIssuer.some(({ audience }) => audiences.includes(audience))) {
    throw refuse(700212, 'audience', audiences.join());
  }
  if (!ofIssuer.some(({ subject }) => subject === sub)) throw refuse(700213, 'subject', sub);
  const credential = ofIssuer.find(
    ({ subject, audience }) => subject === sub && audiences.includes(audience),
  );
  if (credential) return credential;
  throw new ProtocolError(70021, {
    detail: `No matching federated identity record found for presented assertion. Assertion Issuer: '${iss}'. Assertion Subject: '${sub}'. Assertion Audience: '${audiences.join()}'. ${advice}`,
  });
}

const keySet = z.looseObject({ keys: z.array(z.looseObject({ kty: z.string() })) });

/** Asked for anew each time, so that a test that rotates keys need not wait. */
async function publishedKeys(url: string): Promise<JSONWebKeySet> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(5000) });
    return keySet.parse(await response.json());
  } catch (cause) {
    throw Object.assign(new ProtocolError(90061), { cause });
  }
}

async function keysOf(
  state: SandboxState,
  { keys, issuer }: FederatedCredential,
): Promise<JSONWebKeySet> {
  if (typeof keys === 'string') return publishedKeys(keys);
  if (keys) return keys;
  if (issuer.startsWith(state.url.href)) return state.keys.published();
  throw new ProtocolError(90061);
}

/**
 * Presenting one again is allowed until it expires: a projected token is a file that is read many times.
 *
 * @throws {ProtocolError} `invalid_client` with the number that fits, or AADSTS90061: no keys to be had.
 */
export async function checkFederatedAssertion(
  state: SandboxState,
  { app, assertion, record }: PresentedAssertion,
): Promise<void> {
  const { alg, kid } = readHeader(assertion);
  const claims = claimsBeforeCheck(assertion);
  const credential = findCredential(app, claims);
  if (alg !== 'RS256') throw new ProtocolError(50027);
  record.credential = { kind: 'federated', name: nameOf(credential) };
  const keys = createLocalJWKSet(await keysOf(state, credential));
  await compactVerify(assertion, keys, { algorithms: ['RS256'] }).catch((cause: unknown) => {
    const isUnknown = cause instanceof errors.JWKSNoMatchingKey;
    const refusal = isUnknown
      ? new ProtocolError(7000272, {
          detail: `The certificate with identifier ${kid} used to sign the federated credential could not be found in the metadata of identity provider ${claims.iss}. Please validate that your Identity Provider's metadata exposes the key used to sign the incoming token.`,
        })
      : new ProtocolError(50013);
    throw Object.assign(refusal, { cause });
  });
  checkTimes(state, claims);
}
