/** Makes what routes and middleware are given. */
import { Records } from '../records.ts';
import { type AssetFile, assetUrls } from './asset-files.ts';
import type { Parts } from './context.ts';
import { SiteCookies } from './cookies.ts';
import type { WebOptions } from './create-web.ts';
import { Pages } from './pages.ts';
import { SealedChallenges } from './sealed-challenges.ts';
import { sessionSchema } from './session.ts';
import { SessionStore } from './session-store.ts';
import { signInLimit } from './sign-in-limit.ts';
import { SignInTransactions, transactionSchema } from './sign-in-transaction.ts';
import { createViews } from './views.ts';

interface Files {
  /** The directory of templates. */
  readonly views: string;
  readonly files: ReadonlyMap<string, AssetFile>;
}

/** Of sessions in use, so that a page with many parts opens its session once. */
const MAX_OPEN_SESSIONS = 5000;
/** The length of every random value: 256 bits. */
const ID_BYTES = 32;

export function makeParts(options: WebOptions, { views, files }: Files): Parts {
  const { settings, storage, keyRing, names, log, now, randomBytes } = options;
  const kept = { storage, keyRing, now, log };
  return {
    ...options,
    newId: () => randomBytes(ID_BYTES).toString('base64url'),
    cookies: new SiteCookies(settings.site),
    sessions: new SessionStore({
      ...settings.session,
      records: new Records({ ...kept, schema: sessionSchema, maxOpen: MAX_OPEN_SESSIONS }),
      names,
      now,
      log,
    }),
    transactions: new SignInTransactions({
      records: new Records({ ...kept, schema: transactionSchema }),
      storage,
      names,
      now,
    }),
    challenges: new SealedChallenges({ keyRing, now }),
    limitSignIns: signInLimit(),
    pages: new Pages({
      render: createViews(views),
      assetUrl: assetUrls(files),
      apis: settings.downstreamApis,
    }),
  };
}
