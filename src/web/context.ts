/** What one request carries through the web tier, and what routes are made of. */
import type Koa from 'koa';
import type { Audit } from '../audit.ts';
import type { AccountDetails, Broker } from '../broker/account.ts';
import type { Settings } from '../config/settings.ts';
import type { ApiClient } from '../downstream/api-client.ts';
import { SignInRequired } from '../errors.ts';
import type { Log } from '../log.ts';
import type { RecordNames } from '../record-names.ts';
import type { Storage } from '../storage/storage.ts';
import type { Identity } from '../token-response.ts';
import type { AuthorityOperations } from './authority-operations.ts';
import type { SiteCookies } from './cookies.ts';
import type { HeldForms } from './held-forms.ts';
import type { Memberships } from './memberships.ts';
import type { NetworkCount } from './network-count.ts';
import type { Pages } from './pages.ts';
import type { PostedAnswers } from './posted-answers.ts';
import type { RefusedTenant } from './refuse-tenant.ts';
import type { SealedChallenges } from './sealed-challenges.ts';
import type { BrowserSession } from './session.ts';
import type { SessionStore } from './session-store.ts';
import type { SidIndex } from './sid-index.ts';
import type { SignInLimit } from './sign-in-limit.ts';
import type { SignInTransactions } from './sign-in-transaction.ts';
import type { SiteHooks } from './site-hooks.ts';
import type { Successors } from './successors.ts';

export interface WebState {
  /** Names this request in the log, on error pages and in calls to APIs. */
  correlationId: string;
  /** What `api(ctx, …)` and `requireAccount` ask. */
  apiClient: ApiCalls;
  broker: Pick<Broker, 'acquireToken' | 'acquireAppToken'>;
  /** What `requireGroup` asks. */
  memberships: Pick<Memberships, 'isInAny'>;
  /** Who is signed in, once the session was looked at. */
  account?: AccountDetails | undefined;
  /** The session id that the browser sent. */
  sessionId?: string | undefined;
  /** The id that the session gets when it is renewed. */
  nextSessionId?: string | undefined;
  /** Where the person wanted to be, when that is not the address of this request. */
  returnTo?: string | undefined;
  /** Where "try again" leads, when that is not the address of this request. */
  retryUrl?: string | undefined;
  /** The challenge that this request answers, as a hash. */
  answered?: string | undefined;
  /** Whom the sign-in that this request completes was begun for, if for one account. */
  expectedAccountId?: string | undefined;
  /** Who answered at the authority, as far as it was checked. */
  answeredBy?: Pick<Identity, 'accountId' | 'tenantId'> | undefined;
  /** Who answered at the authority, of a tenant that is not let in. */
  refusedTenant?: RefusedTenant | undefined;
  /** Who answered at the authority instead of the account that was expected. */
  otherAccount?: { readonly username: string; readonly signInUrl: string } | undefined;
}

export interface WebContext {
  session: BrowserSession | null;
}

export type Context = Koa.ParameterizedContext<WebState, WebContext>;
export type Middleware = Koa.Middleware<WebState, WebContext>;

/** The calls that routes make to APIs. */
export type ApiCalls = Pick<ApiClient, 'find' | 'json' | 'stream' | 'relay' | 'failure'>;

/** What routes and middleware are given. */
export interface Parts {
  readonly settings: Settings;
  readonly authority: AuthorityOperations;
  readonly broker: Broker;
  readonly apiClient: ApiCalls;
  readonly storage: Storage;
  readonly names: RecordNames;
  readonly log: Log;
  readonly audit: Audit;
  readonly hooks: SiteHooks;
  readonly now: () => number;
  readonly newId: () => string;
  readonly cookies: SiteCookies;
  readonly sessions: SessionStore;
  readonly successors: Successors;
  readonly sids: SidIndex;
  readonly memberships: Memberships;
  readonly transactions: SignInTransactions;
  readonly postedAnswers: PostedAnswers;
  readonly heldForms: HeldForms;
  readonly challenges: SealedChallenges;
  readonly limitSignIns: SignInLimit;
  readonly limitRemoteSignOuts: SignInLimit;
  readonly countRefusedTokens: NetworkCount;
  readonly pages: Pages;
}

/** The account signed in. @throws {SignInRequired} there is none. */
export function signedIn(ctx: Context): AccountDetails {
  if (ctx.state.account) return ctx.state.account;
  throw new SignInRequired('no-session');
}
