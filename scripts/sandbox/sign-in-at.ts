/** Signs a demo person in over HTTP as a browser would: for tests that need a callback without a browser. */

/** What the person does at the pages. */
export interface SignInChoices {
  readonly username: string;
  /** `accept` by default. */
  readonly consent?: 'accept' | 'cancel';
  /** Consents for everyone, as an administrator. */
  readonly forOrganisation?: boolean;
  /** The browser's cookies at the sandbox; kept up to date, so that a second sign-in finds the first. */
  readonly cookies?: Map<string, string>;
}

/** Where the pages end. */
export interface SignInOutcome {
  /** The callback, with its query; for `form_post`, without. */
  readonly callback: URL;
  /** The fields of a `form_post`. */
  readonly form: URLSearchParams | undefined;
  /** The headings of the pages seen on the way. */
  readonly headings: readonly string[];
}

const entities: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
};
const decode = (text: string): string =>
  text.replace(/&(?:amp|lt|gt|quot|#39);/g, (entity) => entities[entity] ?? entity);

interface PageForm {
  readonly action: string;
  readonly fields: URLSearchParams;
  readonly markup: string;
}

function formsOf(page: string): PageForm[] {
  return [...page.matchAll(/<form method="post" action="([^"]*)">(.*?)<\/form>/gs)].map(
    ([, action = '', markup = '']) => {
      const fields = new URLSearchParams();
      for (const [, name = '', value = ''] of markup.matchAll(
        /<input[^>]*?name="([^"]*)"[^>]*?value="([^"]*)"/g,
      )) {
        fields.append(decode(name), decode(value));
      }
      return { action: decode(action), fields, markup };
    },
  );
}

/** The form that takes `username` a step on. */
function choose(page: string, choices: SignInChoices): PageForm {
  const { username, consent = 'accept', forOrganisation = false } = choices;
  const wanted = [`account-${username}`, `person-${username}`, 'sign-in', 'approve', consent];
  for (const name of wanted) {
    const form = formsOf(page).find(({ markup }) => markup.includes(`data-test="${name}"`));
    if (!form) continue;
    if (name === consent) form.fields.set('decision', consent);
    if (name === consent && forOrganisation) form.fields.set('organisation', 'on');
    return form;
  }
  const other = formsOf(page).find(({ markup }) => markup.includes('data-test="other-account"'));
  if (other) return other;
  const told = page.match(/data-test="error-description">([^<]*)/)?.[1];
  throw new Error(`The sign-in ended on a page: ${decode(told ?? page.slice(0, 400))}`);
}

/** Follows an authorization request through the pages until it returns to the app. */
export async function signInAt(url: URL, choices: SignInChoices): Promise<SignInOutcome> {
  const cookies = choices.cookies ?? new Map<string, string>();
  const headings: string[] = [];
  let at = url;
  let body: URLSearchParams | undefined;
  for (let step = 0; step < 20; step += 1) {
    const cookie = [...cookies].map((pair) => pair.join('=')).join('; ');
    const response = await fetch(at, {
      redirect: 'manual',
      headers: { cookie },
      ...(body && { method: 'POST', body }),
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = line.match(/^([^=]+)=([^;]*)/) ?? [];
      if (name !== undefined && value !== undefined) cookies.set(name, value);
    }
    const location = response.headers.get('location');
    if (location !== null) {
      at = new URL(location, at);
      body = undefined;
      if (at.origin !== url.origin) return { callback: at, form: undefined, headings };
      continue;
    }
    const page = await response.text();
    const returning = formsOf(page).find(({ markup }) => markup.includes('data-test="continue"'));
    if (returning) {
      return { callback: new URL(returning.action), form: returning.fields, headings };
    }
    headings.push(decode(page.match(/data-test="heading">([^<]*)/)?.[1] ?? ''));
    const form = choose(page, choices);
    at = new URL(form.action, at);
    body = form.fields;
  }
  throw new Error('The sign-in did not come to an end');
}
