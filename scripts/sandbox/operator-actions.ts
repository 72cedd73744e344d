/** What the operator page offers: each control with its fields. */
import { users } from './directory.ts';
import type { SandboxControls } from './sandbox-controls.ts';

/** A form's fields, read by name. */
interface Fields {
  choice<const Choice extends string>(name: string, choices: readonly Choice[]): Choice;
  count(name: string): number;
}

export interface OperatorAction {
  readonly name: string;
  readonly title: string;
  /** Choices by field name, or the value that a number starts with. */
  readonly fields: Readonly<Record<string, readonly string[] | number>>;
  run(controls: SandboxControls, fields: Fields): void | Promise<void>;
}

const people = users.map(({ username }) => username);
const services = ['authority', 'graph', 'todo'] as const;
const apis = ['graph', 'todo'] as const;
const authorityOutages = ['none', '503json', 'html', 'silence', 'connection-reset'] as const;
const apiOutages = [
  ...authorityOutages,
  ...(['403', '404', '500', 'redirect', 'big-body'] as const),
];
const modes = ['reusable', 'rotating', 'family'] as const;
const challenges = ['revoked', 'authentication-context', 'location'] as const;
const credentialKinds = ['secret', 'certificate'] as const;
const credentialRefusals = ['7000274', '7000277', '7000214', '700027'] as const;
const idTokenFaults = [
  'wrong-key',
  'unknown-key',
  'wrong-nonce',
  'no-nonce',
  'foreign-tid',
  'wrong-iss',
  'wrong-aud',
  'expired',
  'other-account',
  'no-client-info',
] as const;

export const operatorActions: readonly OperatorAction[] = [
  {
    name: 'revoke',
    title: 'Revoke refresh tokens',
    fields: { username: people },
    run: (controls, { choice }) => controls.revoke(choice('username', people)),
  },
  {
    name: 'revoke-consents',
    title: 'Forget consents',
    fields: { username: people },
    run: (controls, { choice }) => controls.revokeConsents(choice('username', people)),
  },
  {
    name: 'require-strong-sign-in',
    title: 'Require a strong sign-in (MFA)',
    fields: { username: people },
    run: (controls, { choice }) => controls.requireStrongSignIn(choice('username', people)),
  },
  {
    name: 'expire-access-tokens',
    title: 'Expire all access tokens',
    fields: {},
    run: (controls) => controls.expireAccessTokens(),
  },
  {
    name: 'challenge',
    title: 'Put a claims challenge',
    fields: { api: apis, kind: challenges },
    run: (controls, { choice }) =>
      controls.challenge(choice('api', apis), choice('kind', challenges)),
  },
  {
    name: 'throttle',
    title: 'Throttle the next requests',
    fields: { service: services, count: 1, retryAfterSeconds: 10 },
    run: (controls, { choice, count }) =>
      controls.throttle(choice('service', services), count('count'), count('retryAfterSeconds')),
  },
  {
    name: 'throttle-tenant',
    title: 'Throttle the tenant (AADSTS90055)',
    fields: { count: 1, retryAfterSeconds: 10 },
    run: (controls, { count }) =>
      controls.throttleTenant(count('count'), count('retryAfterSeconds')),
  },
  {
    name: 'authority-outage',
    title: 'Take the authority away',
    fields: { outage: authorityOutages },
    run: (controls, { choice }) => controls.outage('authority', choice('outage', authorityOutages)),
  },
  {
    name: 'api-outage',
    title: 'Take an API away',
    fields: { api: apis, outage: apiOutages },
    run: (controls, { choice }) =>
      controls.outage(choice('api', apis), choice('outage', apiOutages)),
  },
  {
    name: 'rotate-keys',
    title: 'Rotate the signing keys',
    fields: { published: ['at once', 'not yet'] },
    run: (controls, { choice }) =>
      controls.rotateKeys({ publish: choice('published', ['at once', 'not yet']) === 'at once' }),
  },
  {
    name: 'publish-keys',
    title: 'Publish all signing keys',
    fields: {},
    run: (controls) => controls.publishKeys(),
  },
  {
    name: 'spoil-next-id-token',
    title: 'Spoil the next ID token',
    fields: { fault: idTokenFaults },
    run: (controls, { choice }) => controls.spoilNextIdToken(choice('fault', idTokenFaults)),
  },
  {
    name: 'refuse-sha256-thumbprints',
    title: 'Refuse x5t#S256',
    fields: { times: 1 },
    run: (controls, { count }) => controls.refuseSha256Thumbprints(count('times')),
  },
  {
    name: 'expire-credentials',
    title: 'Expire the applications’ credentials',
    fields: { kind: credentialKinds },
    run: (controls, { choice }) => controls.credentials.expireAll(choice('kind', credentialKinds)),
  },
  {
    name: 'refuse-credentials',
    title: 'Refuse the next credentials',
    fields: { aadsts: credentialRefusals, times: 1 },
    run: (controls, { choice, count }) =>
      controls.credentials.refuseNext(Number(choice('aadsts', credentialRefusals)), {
        times: count('times'),
      }),
  },
  {
    name: 'refresh-tokens',
    title: 'Refresh tokens are',
    fields: { mode: modes },
    run: (controls, { choice }) => controls.setRefreshTokens(choice('mode', modes)),
  },
  {
    name: 'access-token-seconds',
    title: 'Access tokens live for (seconds)',
    fields: { seconds: 3600 },
    run: (controls, { count }) => controls.setAccessTokenSeconds(count('seconds')),
  },
  {
    name: 'latency',
    title: 'Answer late by (milliseconds)',
    fields: { latencyMs: 0 },
    run: (controls, { count }) => controls.setLatencyMs(count('latencyMs')),
  },
  {
    name: 'end-browser-sessions',
    title: 'Sign everyone out here',
    fields: {},
    run: (controls) => controls.endBrowserSessions(),
  },
  {
    name: 'mend-all',
    title: 'End all faults',
    fields: {},
    run: (controls) => controls.mendAll(),
  },
];

/** @throws {RangeError} a field is missing or not one of its choices. */
export function fieldsOf(form: URLSearchParams): Fields {
  return {
    choice(name, choices) {
      const found = choices.find((choice) => choice === form.get(name));
      if (found === undefined) throw new RangeError(`${name} is not one of its choices`);
      return found;
    },
    count(name) {
      const text = form.get(name) ?? '';
      if (!/^\d{1,7}$/.test(text)) throw new RangeError(`${name} is not a whole number`);
      return Number(text);
    },
  };
}
