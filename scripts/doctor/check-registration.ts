/** The app registration, as far as it shows without signing in: redirect URIs, and where sign-outs go. */
import { HttpExchange } from '../../src/authority/http-exchange.ts';
import type { AuthorityMetadata } from '../../src/authority/metadata-document.ts';
import type { CallbackPaths } from '../../src/config/callback-paths.ts';
import { cloudOf } from '../../src/config/clouds.ts';
import { shellWord } from '../shell-word.ts';
import { aadstsMend } from './aadsts-mend.ts';
import { type Check, type CheckContext, type Finding, type Mend, skipped } from './check.ts';
import { networkTrouble } from './network-trouble.ts';
import { probeRedirect, type Verdict } from './probe-redirect.ts';

/** What a registration has to hold, in words and as URLs. */
interface Registered {
  readonly isEntra: boolean;
  readonly clientId: string;
  /** The host of its Microsoft Graph. */
  readonly graph: string;
  readonly redirectUris: readonly (readonly [key: string, url: URL])[];
  readonly frontChannel: URL;
}

const AUTHENTICATION = 'App registrations > (this app) > Authentication';
/** Of a redirect URI that is not there; any other number is about the app as a whole. */
const NOT_REGISTERED = [50011, 500113];

export const checkRegistration: Check = {
  name: 'registration',
  run: async (context) => {
    const { site, azureAd } = context.examined.sections ?? {};
    if (!site?.publicUrl || !azureAd?.clientId || !azureAd.authority) {
      return skipped('Site:PublicUrl, AzureAd:ClientId or the authority is not configured.');
    }
    const { authority } = azureAd;
    const isEntra = authority.kind === 'entra';
    const cloud = isEntra ? cloudOf(authority.instance) : undefined;
    const registered = {
      isEntra,
      graph: cloud?.graphHosts[0] ?? 'graph.microsoft.com',
      clientId: azureAd.clientId,
      ...urlsOf(azureAd, site.publicUrl),
    };
    const asked = await context.askAuthority();
    const metadata = asked?.state === 'good' ? asked.metadata : undefined;
    return [
      ...(isEntra
        ? await checkRedirects(context, registered, metadata)
        : await checkPlain(context, registered, metadata)),
      frontChannelFinding(registered),
      ...(metadata ? [endSessionFinding(metadata)] : []),
    ];
  },
};

function urlsOf(paths: CallbackPaths, publicUrl: URL) {
  const at = (path: string) => new URL(path, publicUrl);
  return {
    redirectUris: [
      ['CallbackPath', at(paths.callbackPath)],
      ['SignedOutCallbackPath', at(paths.signedOutCallbackPath)],
      ['AdminConsentCallbackPath', at(paths.adminConsentCallbackPath)],
    ] as const,
    frontChannel: at(paths.remoteSignOutPath),
  };
}

async function checkRedirects(
  context: CheckContext,
  registered: Registered,
  metadata: AuthorityMetadata | undefined,
): Promise<readonly Finding[]> {
  const { redirectUris } = registered;
  const verdicts = await Promise.all(
    redirectUris.map(([, url]) => verdictOn(context, registered, metadata, url)),
  );
  const findings = redirectUris.map(([key, url], i) => {
    return redirectFinding(key, url, verdicts[i], registered);
  });
  // What is wrong with the whole app is said once.
  const ofApp = verdicts.findIndex(
    (verdict) => verdict?.state === 'refused' && !NOT_REGISTERED.includes(verdict.code),
  );
  return ofApp < 0 ? findings : findings.slice(ofApp, ofApp + 1);
}

/** Elsewhere the return from a sign-out is registered apart, and there is no administrator's consent. */
async function checkPlain(
  context: CheckContext,
  registered: Registered,
  metadata: AuthorityMetadata | undefined,
): Promise<readonly Finding[]> {
  const [callback, signedOut] = registered.redirectUris;
  if (!callback || !signedOut) return [];
  const verdict = await verdictOn(context, registered, metadata, callback[1]);
  const text = `Register it there as a post-logout redirect URI, exactly: ${signedOut[1].href}`;
  return [
    redirectFinding(...callback, verdict, registered),
    {
      result: 'skipped',
      subject: signedOut[0],
      seen: `Whether ${signedOut[1].href} is registered cannot be seen from here.`,
      mend: { text },
    },
  ];
}

async function verdictOn(
  { fetch }: CheckContext,
  { clientId }: Registered,
  metadata: AuthorityMetadata | undefined,
  redirectUri: URL,
): Promise<Verdict | undefined> {
  if (!metadata) return undefined;
  const { authorizationEndpoint } = metadata;
  const http = new HttpExchange(fetch);
  return await probeRedirect({ authorizationEndpoint, clientId, redirectUri, http });
}

function redirectFinding(
  subject: string,
  { href }: URL,
  verdict: Verdict | undefined,
  { isEntra, clientId }: Registered,
): Finding {
  const filling = { clientId, redirectUri: href };
  const compare: Mend = {
    text: `See that it is there, letter by letter${isEntra ? ', under the platform Web' : ''}: ${href}`,
    ...(isEntra && {
      portal: `${AUTHENTICATION} > Web > Redirect URIs`,
      command: `az ad app show --id ${shellWord(clientId)} --query web.redirectUris`,
    }),
  };
  switch (verdict?.state) {
    case 'registered':
      return { result: 'ok', subject, seen: `${href} is registered.` };
    case 'refused': {
      const told = aadstsMend(verdict.code, filling);
      if (NOT_REGISTERED.includes(verdict.code) && told) {
        return { ...told, result: 'failed', subject, seen: `${href}: ${told.seen}` };
      }
      if (told) return { ...told, result: 'failed' };
      const why = `the authority refuses the request (AADSTS${verdict.code})`;
      return unclear(subject, href, why, compare);
    }
    case 'unclear':
      return unclear(subject, href, verdict.why, compare);
    case 'unreached': {
      const { seen } = networkTrouble(verdict.error, new URL(href), 'AzureAd:Instance');
      return unclear(subject, href, `the authority was not reached. ${seen}`, compare);
    }
    case undefined: {
      const seen = `Whether ${href} is registered cannot be asked without the authority.`;
      return { result: 'skipped', subject, seen };
    }
  }
}

function unclear(subject: string, href: string, why: string, mend: Mend): Finding {
  const seen = `Whether ${href} is registered could not be told: ${why.replace(/\.$/, '')}.`;
  return { result: 'warning', subject, seen, mend };
}

function frontChannelFinding({ isEntra, clientId, graph, frontChannel }: Registered): Finding {
  const { href, protocol } = frontChannel;
  const subject = 'RemoteSignOutPath';
  if (isEntra && protocol !== 'https:') {
    const why = 'because Entra ID takes no plain http there';
    const seen = `There is no front-channel logout URL, ${why}: signing out elsewhere does not end the session here.`;
    return { result: 'skipped', subject, seen };
  }
  const url = shellWord(`https://${graph}/v1.0/applications(appId='${clientId}')`);
  const body = shellWord(JSON.stringify({ web: { logoutUrl: href } }));
  return {
    result: 'skipped',
    subject,
    seen: 'Whether the front-channel logout URL is registered cannot be seen from here.',
    mend: {
      text: `It is to be, exactly: ${href}`,
      ...(isEntra && {
        portal: `${AUTHENTICATION} > Front-channel logout URL`,
        command: `az rest --method PATCH --headers Content-Type=application/json --url ${url} --body ${body}`,
      }),
    },
  };
}

function endSessionFinding({ endSessionEndpoint }: AuthorityMetadata): Finding {
  const subject = 'end_session_endpoint';
  if (endSessionEndpoint !== undefined) {
    return { result: 'ok', subject, seen: `Signing out goes on to ${endSessionEndpoint}.` };
  }
  const text = 'Nothing here mends that; people stay signed in at the authority.';
  const seen = 'The authority has no end_session_endpoint: signing out ends the session here only.';
  return { result: 'warning', subject, seen, mend: { text } };
}
