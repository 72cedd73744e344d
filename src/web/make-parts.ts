/** Makes what routes and middleware are given. */
import { EndMarks } from '../end-marks.ts';
import { Records } from '../records.ts';
import { type AssetFile, assetUrls } from './asset-files.ts';
import type { Parts } from './context.ts';
import { SiteCookies } from './cookies.ts';
import type { WebOptions } from './create-web.ts';
import { HeldForms, heldFormSchema } from './held-forms.ts';
import { Memberships } from './memberships.ts';
import { networkCount } from './network-count.ts';
import { OpenSignIns, openSignInsSchema } from './open-sign-ins.ts';
import { Pages } from './pages.ts';
import { PostedAnswers, postedAnswerSchema } from './posted-answers.ts';
import { SealedChallenges } from './sealed-challenges.ts';
import { sessionSchema } from './session.ts';
import { SessionStore } from './session-store.ts';
import { SidIndex, sidEntriesSchema } from './sid-index.ts';
import { signInLimit } from './sign-in-limit.ts';
import { SignInTransactions, TRANSACTION_MS, transactionSchema } from './sign-in-transaction.ts';
import { Successors, successorSchema } from './successors.ts';
import { createViews } from './views.ts';

interface Files {
  /** The directory of templates. */
  readonly views: string;
  readonly files: ReadonlyMap<string, AssetFile>;
}

/** Of sessions in use, so that a page with many parts opens its session once. */
const MAX_OPEN_SESSIONS = 5000;
const SIGN_INS_A_MINUTE = 60;
/** All people of one network sign out at about the same time of day. */
const REMOTE_SIGN_OUTS_A_MINUTE = 300;
/** The length of every random value: 256 bits. */
const ID_BYTES = 32;

export function makeParts(options: WebOptions, { views, files }: Files): Parts {
  const { settings, storage, keyRing, names, log, now, randomBytes } = options;
  const kept = { storage, keyRing, now, log };
  const transactions = new SignInTransactions({
    records: new Records({ ...kept, schema: transactionSchema }),
    openSignIns: new OpenSignIns({
      records: new Records({ ...kept, schema: openSignInsSchema }),
      names,
      now,
      openMs: TRANSACTION_MS,
    }),
    names,
    now,
  });
  const sessions = new SessionStore({
    ...settings.session,
    records: new Records({ ...kept, schema: sessionSchema, maxOpen: MAX_OPEN_SESSIONS }),
    names,
    now,
    log,
  });
  return {
    ...options,
    newId: () => randomBytes(ID_BYTES).toString('base64url'),
    cookies: new SiteCookies(settings.site),
    sessions,
    memberships: new Memberships({ apis: settings.downstreamApis, sessions, now, log }),
    transactions,
    postedAnswers: new PostedAnswers({
      records: new Records({ ...kept, schema: postedAnswerSchema }),
      names,
      transactions,
      now,
    }),
    successors: new Successors({
      records: new Records({ ...kept, schema: successorSchema }),
      names,
      now,
    }),
    sids: new SidIndex({
      records: new Records({ ...kept, schema: sidEntriesSchema }),
      marks: new EndMarks({ storage, now }),
      names,
      now,
    }),
    heldForms: new HeldForms({
      records: new Records({ ...kept, schema: heldFormSchema }),
      names,
      now,
    }),
    challenges: new SealedChallenges({ keyRing, now }),
    limitSignIns: signInLimit(SIGN_INS_A_MINUTE),
    limitRemoteSignOuts: signInLimit(REMOTE_SIGN_OUTS_A_MINUTE),
    countRefusedTokens: networkCount(),
    pages: new Pages({
      render: createViews(views),
      assetUrl: assetUrls(files),
      apis: settings.downstreamApis,
    }),
  };
}
