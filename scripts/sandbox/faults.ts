/** The faults a sandbox can be told to make. */

/** The three services that can be taken away, each on its own. */
export type Service = 'authority' | 'graph' | 'todo' | 'managed-identity';

/** What answers of one path can be spoilt of: the two APIs, and the host of Graph's files. */
export type Api = 'graph' | 'todo' | 'files';

/** How a service fails; those after `connection-reset` only APIs know. */
export type Outage =
  | 'none'
  | '503json'
  | 'html'
  | 'silence'
  | 'connection-reset'
  | '403'
  | '404'
  | '500'
  | 'redirect'
  | 'big-body';

/** What is wrong with the next ID token. */
export type IdTokenFault =
  | 'wrong-key'
  | 'unknown-key'
  | 'wrong-nonce'
  | 'no-nonce'
  | 'foreign-tid'
  | 'wrong-iss'
  | 'wrong-aud'
  | 'expired'
  | 'other-account'
  | 'no-client-info';

/** `location`: from a place that no new token makes any better. */
export type ChallengeKind = 'revoked' | 'authentication-context' | 'location';

/** A claims challenge that an API puts until a token answers it. */
export interface Challenge {
  /** Tokens up to this serial number do not pass. */
  readonly upToSerial: number;
  /** The claims request, as JSON text. */
  readonly claims: string;
  readonly kind: ChallengeKind;
  /** The one path, below the API's root, that puts it; all of the API by default. */
  readonly path: string | undefined;
  /** Whether other schemes are offered in headers of their own, before and after. */
  readonly amongOthers: boolean;
  /** The instant a token must have been asked to follow, in seconds. */
  readonly notBefore: string;
}

/** Answers of one path that come late or break off. */
export interface PathFault {
  readonly api: Api;
  /** Below the API's root; a star at its end stands for all that begins so. */
  readonly path: string;
  readonly latencyMs: number;
  /** How many more answers break off, and after how many bytes. */
  breaks: number;
  readonly afterBytes: number;
}

export interface Throttle {
  readonly service: Service;
  /** The one path, below the API's root, that is throttled; all of the service by default. */
  readonly path: string | undefined;
  remaining: number;
  readonly retryAfterSeconds: number;
}

/** Token requests refused for the credential they show, whatever it is. */
export interface RefusedCredential {
  /** The AADSTS number. */
  readonly number: number;
  remaining: number;
  /** The one credential that is refused; all by default. */
  readonly name: string | undefined;
}

/** The faults in force. */
export interface Faults {
  readonly outages: Map<Service, Outage>;
  /** Where the authority's outage is confined to some endpoints. */
  outageEndpoints: readonly string[] | undefined;
  /** By service and path. */
  readonly throttles: Map<string, Throttle>;
  /** Token requests answered with AADSTS90055. */
  tenantThrottle: Throttle | undefined;
  readonly pathFaults: PathFault[];
  readonly challenges: Map<'graph' | 'todo', Challenge>;
  /** Users who must prove themselves strongly, with the OAuth error the token endpoint uses. */
  readonly strongAuthentication: Map<string, 'invalid_grant' | 'interaction_required'>;
  idToken: IdTokenFault | undefined;
  /** How many more assertions with `x5t#S256` are refused. */
  refusedSha256Thumbprints: number;
  refusedCredential: RefusedCredential | undefined;
  /** The kind of credential that counts as expired, in all applications. */
  expiredCredentials: 'secret' | 'certificate' | undefined;
  /** APIs answer 401 to access tokens up to this serial number. */
  expiredUpToSerial: number;
  /** Sends `refresh_in`, which Entra ID does for some clients only. */
  sendRefreshIn: boolean;
}

export function noFaults(): Faults {
  return {
    outages: new Map(),
    outageEndpoints: undefined,
    throttles: new Map(),
    tenantThrottle: undefined,
    pathFaults: [],
    challenges: new Map(),
    strongAuthentication: new Map(),
    idToken: undefined,
    refusedSha256Thumbprints: 0,
    refusedCredential: undefined,
    expiredCredentials: undefined,
    expiredUpToSerial: 0,
    sendRefreshIn: true,
  };
}
