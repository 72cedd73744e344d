/** Reads the paths that the authority sends the browser to. */
import type { Section } from './section.ts';

export interface CallbackPaths {
  readonly callbackPath: string;
  readonly signedOutCallbackPath: string;
  readonly remoteSignOutPath: string;
  readonly backChannelLogoutPath: string;
  readonly adminConsentCallbackPath: string;
}

type PathKey =
  | 'CallbackPath'
  | 'SignedOutCallbackPath'
  | 'RemoteSignOutPath'
  | 'BackChannelLogoutPath'
  | 'AdminConsentCallbackPath';

/** First segments of the site's own pages. */
const OWN = [
  ...['sign-in', 'sign-out', 'signed-out', 'account', 'profile', 'mail', 'apis', 'api'],
  ...['calendar', 'files', 'people', 'groups'],
  ...['health', 'assets', 'again', 'admin-consent'],
];
/** What the authority takes in a redirect URI and no router reads as a pattern. */
const PATH = /^(\/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+$/;
/** The limit of a whole redirect URI, which the public URL is part of. */
const MAX_REDIRECT_URI = 256;

export function readCallbackPaths<Key extends string>(
  section: Section<Key | PathKey>,
): CallbackPaths {
  const paths = {
    callbackPath: readPath(section, 'CallbackPath', '/signin-oidc'),
    signedOutCallbackPath: readPath(section, 'SignedOutCallbackPath', '/signout-callback-oidc'),
    remoteSignOutPath: readPath(section, 'RemoteSignOutPath', '/signout-oidc'),
    backChannelLogoutPath: readPath(section, 'BackChannelLogoutPath', '/backchannel-logout'),
    adminConsentCallbackPath: readPath(
      section,
      'AdminConsentCallbackPath',
      '/admin-consent-callback',
    ),
  };
  const seen = new Map<string, PathKey>();
  for (const [key, path] of [
    ['CallbackPath', paths.callbackPath],
    ['SignedOutCallbackPath', paths.signedOutCallbackPath],
    ['RemoteSignOutPath', paths.remoteSignOutPath],
    ['BackChannelLogoutPath', paths.backChannelLogoutPath],
    ['AdminConsentCallbackPath', paths.adminConsentCallbackPath],
  ] as const) {
    const other = seen.get(path.toLowerCase());
    if (other) section.fault(key, `is the same as ${other}`, 'Give each a path of its own.');
    seen.set(path.toLowerCase(), key);
  }
  return paths;
}

/** Reports redirect URIs that Entra ID would not register. */
export function checkRedirectUris<Key extends string>(
  section: Section<Key | PathKey>,
  { callbackPath, signedOutCallbackPath, adminConsentCallbackPath }: CallbackPaths,
  publicUrl: URL,
): void {
  for (const [key, path] of [
    ['CallbackPath', callbackPath],
    ['SignedOutCallbackPath', signedOutCallbackPath],
    ['AdminConsentCallbackPath', adminConsentCallbackPath],
  ] as const) {
    const { length } = new URL(path, publicUrl).href;
    if (length <= MAX_REDIRECT_URI) continue;
    const problem = `makes a redirect URI of ${length} characters; ${MAX_REDIRECT_URI} are allowed`;
    section.fault(key, problem, 'Choose a shorter path.');
  }
}

function readPath<Key extends string>(
  section: Section<Key | PathKey>,
  key: PathKey,
  byDefault: string,
): string {
  const path = section.text(key) ?? byDefault;
  const [, first = ''] = path.toLowerCase().split('/');
  if (!path.startsWith('/')) {
    section.fault(key, 'does not begin with "/"', `Write it like ${byDefault}.`);
  } else if (/[!$'(),;]/.test(path)) {
    const problem = "holds one of ! $ ' ( ) , ; which no redirect URI may hold";
    section.fault(key, problem, `Write it like ${byDefault}.`);
  } else if (path === '/' || OWN.includes(first)) {
    section.fault(key, 'is taken by a page of this site', `Write it like ${byDefault}.`);
  } else if (!PATH.test(path)) {
    const problem = 'holds more than letters, digits, ".", "_", "~" and "-" between slashes';
    section.fault(key, problem, `Write it like ${byDefault}.`);
  }
  return path;
}
