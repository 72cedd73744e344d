/** The site as a Koa application: its middleware in order, then its routes. */
import { join } from 'node:path';
import Router from '@koa/router';
import Koa from 'koa';
import type { Audit } from '../audit.ts';
import type { Broker } from '../broker/account.ts';
import type { Settings } from '../config/settings.ts';
import type { KeyRing } from '../encryption.ts';
import type { Log } from '../log.ts';
import type { RecordNames } from '../record-names.ts';
import type { Storage } from '../storage/storage.ts';
import { readAssetFiles } from './asset-files.ts';
import type { AuthorityOperations } from './authority-operations.ts';
import type { ApiCalls, Middleware, Parts, WebContext, WebState } from './context.ts';
import { makeParts } from './make-parts.ts';
import { challengePage } from './middleware/challenge-page.ts';
import { correlation } from './middleware/correlation.ts';
import { errorPage } from './middleware/error-page.ts';
import { identify } from './middleware/identify.ts';
import { preflight } from './middleware/preflight.ts';
import { requestLog } from './middleware/request-log.ts';
import { requestTarget } from './middleware/request-target.ts';
import { requireAccount } from './middleware/require-account.ts';
import { sameOrigin } from './middleware/same-origin.ts';
import { securityHeaders } from './middleware/security-headers.ts';
import { session, touch } from './middleware/session.ts';
import { urlLimit } from './middleware/url-limit.ts';
import { account } from './routes/account.ts';
import { refreshToken, removeToken } from './routes/account-tokens.ts';
import { adminConsent, adminConsentCallback } from './routes/admin-consent.ts';
import { again } from './routes/again.ts';
import { apiSession } from './routes/api-session.ts';
import { apis } from './routes/apis.ts';
import { assets } from './routes/assets.ts';
import { backChannelSignOut } from './routes/back-channel-sign-out.ts';
import { calendar } from './routes/calendar.ts';
import { callback } from './routes/callback.ts';
import { endSession } from './routes/end-session.ts';
import { example } from './routes/example.ts';
import { fileContent, folder } from './routes/files.ts';
import { frontChannelSignOut } from './routes/front-channel-sign-out.ts';
import { gateway } from './routes/gateway.ts';
import { groups } from './routes/groups.ts';
import { live, ready } from './routes/health.ts';
import { home } from './routes/home.ts';
import { mail } from './routes/mail.ts';
import { people } from './routes/people.ts';
import { postedCallback } from './routes/posted-callback.ts';
import { profile, profilePhoto } from './routes/profile.ts';
import { mailForm, mailSending } from './routes/send-mail.ts';
import { signIn } from './routes/sign-in.ts';
import { signOut } from './routes/sign-out.ts';
import { signOutEverywhere } from './routes/sign-out-everywhere.ts';
import { signedOut } from './routes/signed-out.ts';
import { switchAccount } from './routes/switch-account.ts';
import type { SiteHooks } from './site-hooks.ts';

export interface WebOptions {
  readonly settings: Settings;
  readonly authority: AuthorityOperations;
  readonly broker: Broker;
  readonly apiClient: ApiCalls;
  readonly storage: Storage;
  readonly keyRing: KeyRing;
  readonly names: RecordNames;
  readonly log: Log;
  readonly audit: Audit;
  readonly hooks: SiteHooks;
  readonly now: () => number;
  readonly randomBytes: (size: number) => Buffer;
  /** Routes besides those of this site. */
  readonly addRoutes?: AddRoutes | undefined;
}

export type AddRoutes = (router: Router<WebState, WebContext>, parts: Parts) => void;

const VIEWS = join(import.meta.dirname, '../../views');

export function createWeb(options: WebOptions): Koa<WebState, WebContext> {
  const { settings, log, now, randomBytes } = options;
  const { site, azureAd } = settings;
  // Behind a proxy, the last address it wrote is the only one that nobody else could write.
  const app = new Koa<WebState, WebContext>({ proxy: site.trustProxy, maxIpsCount: 1 });
  const files = readAssetFiles(join(VIEWS, 'assets'));
  const parts = makeParts(options, { views: VIEWS, files });

  app.silent = true;
  app.on('error', (error: unknown) => {
    const problem = error instanceof Error ? `${error.name}: ${error.message}` : typeof error;
    log.warn({ event: 'answer_broken_off', problem }, 'an answer could not be sent to its end');
  });

  const open = new Router<WebState, WebContext>({ sensitive: true });
  open.get('/assets/{*file}', assets(files));
  open.get('/health/live', live);
  open.get('/health/ready', ready(parts));
  if (azureAd.responseMode === 'form_post') {
    open.post(azureAd.callbackPath, postedCallback(parts));
  }

  open.get(azureAd.remoteSignOutPath, frontChannelSignOut(parts));
  // Entra ID has no back channel.
  if (azureAd.authority.kind === 'oidc') {
    open.post(azureAd.backChannelLogoutPath, backChannelSignOut(parts));
  }

  // Strict, so that no address that begins or ends a sign-in is known by another name.
  const router = new Router<WebState, WebContext>({ sensitive: true, strict: true });
  router.get('/', home(parts));
  router.get('/sign-in', signIn(parts));
  router.get(azureAd.callbackPath, callback(parts));
  const { accountContext } = settings.session;
  const onAccount = requireAccount(accountContext ? { authenticationContext: accountContext } : {});
  router.get('/account', onAccount, account(parts));
  router.post('/account/tokens/refresh', onAccount, refreshToken(parts));
  router.post('/account/tokens/remove', onAccount, removeToken(parts));
  // Signing out waits for no step-up.
  router.post('/account/sessions/end', requireAccount(), endSession(parts));
  router.post('/account/sign-out-everywhere', requireAccount(), signOutEverywhere(parts));
  router.post('/account/switch', switchAccount(parts));
  router.get('/again/:id', requireAccount(), again(parts));
  router.get('/admin-consent', adminConsent(parts));
  router.get(azureAd.adminConsentCallbackPath, adminConsentCallback(parts));
  router.get('/profile', requireAccount(), profile(parts));
  router.get('/profile/photo', requireAccount(), profilePhoto(parts));
  router.get('/mail', requireAccount(), mail(parts));
  router.get('/mail/send', requireAccount(), mailForm(parts));
  router.post('/mail/send', requireAccount(), mailSending(parts));
  router.get('/calendar', requireAccount(), calendar(parts));
  router.get('/files', requireAccount(), folder(parts));
  router.get('/files/:id', requireAccount(), folder(parts));
  router.get('/files/:id/content', requireAccount(), fileContent(parts));
  router.get('/people', requireAccount(), people(parts));
  router.get('/groups', requireAccount(), groups(parts));
  router.get('/example', example(parts));
  router.get('/apis/:name', requireAccount(), apis(parts));
  router.get('/api/session', requireAccount(), apiSession);
  router.all(['/api/:name', '/api/:name/{*path}'], gateway(parts));
  router.post('/sign-out', signOut(parts));
  router.get(azureAd.signedOutCallbackPath, signedOut(parts));
  options.addRoutes?.(router, parts);

  app.use(correlation(randomBytes));
  app.use(callsWith(parts));
  app.use(securityHeaders(site.secure));
  app.use(requestTarget);
  app.use(requestLog(log, now));
  app.use(errorPage(parts));
  app.use(urlLimit);
  app.use(preflight);
  app.use(secureCookies(site.secure));
  app.use(open.routes());
  app.use(session(app, parts));
  app.use(touch(parts));
  app.use(identify(parts));
  app.use(challengePage(parts));
  app.use(sameOrigin(parts));
  app.use(router.routes());
  app.use(router.allowedMethods());
  return app;
}

/** So that a route needs nothing but its context to call an API, or to ask for a group. */
function callsWith({ apiClient, broker, memberships }: Parts): Middleware {
  return async (ctx, next) => {
    ctx.state.apiClient = apiClient;
    ctx.state.broker = broker;
    ctx.state.memberships = memberships;
    await next();
  };
}

/** TLS may end before this process: then only the settings know that cookies are safe to send. */
function secureCookies(secure: boolean): Middleware {
  return async (ctx, next) => {
    ctx.cookies.secure = secure;
    await next();
  };
}
