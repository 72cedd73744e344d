/** What tests and the operator page can do to a running sandbox. */
import { CredentialControls } from './credential-controls.ts';
import { findUser, tenants, type User } from './directory.ts';
import {
  type Api,
  type ChallengeKind,
  type IdTokenFault,
  noFaults,
  type Outage,
  type Service,
} from './faults.ts';
import { revokeRefreshTokens } from './revoke-sessions.ts';
import type { RefreshTokenMode, SandboxApp, SandboxEndpoint } from './sandbox-options.ts';
import { organisationKey, type SandboxState } from './sandbox-state.ts';

/** The faults on purpose, and their ends. People are named by username. */
export class SandboxControls {
  /** What applications prove themselves with. */
  readonly credentials: CredentialControls;
  readonly #state: SandboxState;

  constructor(state: SandboxState) {
    this.credentials = new CredentialControls(state);
    this.#state = state;
  }

  #user(username: string): User {
    const user = findUser(username);
    if (!user) throw new Error(`There is nobody called ${username} in the sandbox`);
    return user;
  }

  /** A refresh with any token given to this person so far is answered AADSTS50173. */
  revoke(username: string): void {
    revokeRefreshTokens(this.#state, this.#user(username));
  }

  /** All consents of this person are forgotten, in all tenants and apps; not those for everyone. */
  revokeConsents(username: string): void {
    const { id } = this.#user(username);
    for (const [key, scopes] of this.#state.consents) {
      if (key.split(' ')[1] === id) scopes.clear();
    }
  }

  /** Consents for everyone in a tenant, named by domain, as its administrator would; scopes prefixed. */
  consentForOrganisation(domain: string, scopes: readonly string[], clientId: string): void {
    const tenant = tenants.find((each) => each.domain === domain);
    if (!tenant) throw new Error(`There is no tenant ${domain} in the sandbox`);
    this.#state.consents.set(organisationKey(clientId, tenant.id), new Set(scopes));
  }

  /** Asks this person for a strong sign-in from now on; refreshes that come of a weaker one fail. */
  requireStrongSignIn(
    username: string,
    error: 'invalid_grant' | 'interaction_required' = 'invalid_grant',
  ): void {
    this.#state.faults.strongAuthentication.set(this.#user(username).id, error);
  }

  /** APIs answer 401 to every access token issued so far. */
  expireAccessTokens(): void {
    this.#state.faults.expiredUpToSerial = this.#state.serial;
  }

  /**
   * The API answers 401 `insufficient_claims` until a token answers it: `revoked` wants one got with
   * these claims, by a refresh or a sign-in, `authentication-context` one got after a strong sign-in,
   * and `location` is answered by none. `path` confines it to one path below the API's root;
   * `amongOthers` sends other schemes in headers before and after it.
   */
  challenge(
    api: 'graph' | 'todo',
    kind: ChallengeKind,
    { path, amongOthers = false }: { path?: string; amongOthers?: boolean } = {},
  ): void {
    const notBefore = String(Math.floor(this.#state.now() / 1000));
    const nbf = { essential: true, value: notBefore };
    const wanted = {
      revoked: { nbf },
      location: { nbf, xms_rp_ipaddr: { value: '203.0.113.7' } },
      'authentication-context': { acrs: { essential: true, value: 'c1' } },
    };
    const claims = JSON.stringify({ access_token: wanted[kind] });
    const upToSerial = this.#state.serial;
    const asked = { upToSerial, claims, kind, notBefore, path, amongOthers };
    this.#state.faults.challenges.set(api, asked);
  }

  /** Answers of this path below the API's root, such as `/me/messages` or `/me/drive*`, come late. */
  slow(api: Api, path: string, latencyMs: number): void {
    this.#state.faults.pathFaults.push({ api, path, latencyMs, breaks: 0, afterBytes: 0 });
  }

  /** The next answers of this path promise their whole length and break off after so many bytes. */
  breakOff(api: Api, path: string, { afterBytes = 10, times = 1 } = {}): void {
    this.#state.faults.pathFaults.push({ api, path, latencyMs: 0, breaks: times, afterBytes });
  }

  /**
   * The next `count` token requests, or calls of an API, are answered 429 with Retry-After; `path`
   * confines it to one path below the API's root, such as `/me/messages`, inside batches too.
   */
  throttle(service: Service, count: number, retryAfterSeconds = 60, path?: string): void {
    const throttle = { service, path, remaining: count, retryAfterSeconds };
    this.#state.faults.throttles.set([service, path].filter(Boolean).join(' '), throttle);
  }

  /** The next `count` token requests are answered AADSTS90055: the whole tenant asks too much. */
  throttleTenant(count: number, retryAfterSeconds = 60): void {
    this.#state.faults.tenantThrottle = {
      service: 'authority',
      path: undefined,
      remaining: count,
      retryAfterSeconds,
    };
  }

  /** Takes a service away, or brings it back with `none`; `endpoints` confines it to parts of the authority. */
  outage(service: Service, outage: Outage, endpoints?: readonly SandboxEndpoint[]): void {
    this.#state.faults.outages.set(service, outage);
    if (service === 'authority') this.#state.faults.outageEndpoints = endpoints;
  }

  /** Signs with new keys; the old stay published, the new are published at once or by `publishKeys`. */
  async rotateKeys({ publish = true } = {}): Promise<void> {
    await this.#state.keys.rotate(publish);
  }

  publishKeys(): void {
    this.#state.keys.publish();
  }

  /** The next ID token, and only that, is wrong in this way. */
  spoilNextIdToken(fault: IdTokenFault): void {
    this.#state.faults.idToken = fault;
  }

  /** The next assertions that name their certificate by `x5t#S256` are answered AADSTS700027. */
  refuseSha256Thumbprints(times = 1): void {
    this.#state.faults.refusedSha256Thumbprints = times;
  }

  /** Whether token responses carry `refresh_in`. */
  sendRefreshIn(send: boolean): void {
    this.#state.faults.sendRefreshIn = send;
  }

  setRefreshTokens(mode: RefreshTokenMode): void {
    this.#state.refreshTokenMode = mode;
  }

  setAccessTokenSeconds(seconds: number): void {
    this.#state.accessTokenSeconds = seconds;
  }

  setLatencyMs(latencyMs: number): void {
    this.#state.latencyMs = latencyMs;
  }

  /** Registers an application, or changes one. */
  register(app: SandboxApp): void {
    this.#state.apps.set(app.clientId.toLowerCase(), app);
  }

  /** Signs everyone out of the authority in all browsers; refresh tokens stay good. */
  endBrowserSessions(): void {
    this.#state.browsers.clear();
  }

  /** Ends all faults; what was revoked, agreed or changed in mode stays. */
  mendAll(): void {
    Object.assign(this.#state.faults, noFaults());
  }
}
