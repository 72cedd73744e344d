/** The frame of every page of the sandbox, and HTML that escapes what is put into it. */
import type Koa from 'koa';

/** Markup that needs no more escaping. */
export class Html {
  readonly markup: string;
  constructor(markup: string) {
    this.markup = markup;
  }
}

type Part = Html | readonly Html[] | string | number | undefined | false;

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function render(part: Part): string {
  if (part instanceof Html) return part.markup;
  if (Array.isArray(part)) return part.map(({ markup }: Html) => markup).join('');
  if (part === undefined || part === false) return '';
  return String(part).replace(/[&<>"']/g, (character) => entities[character] ?? character);
}

/** Markup whose parts are escaped, save those that are markup themselves. */
export function html(strings: TemplateStringsArray, ...parts: Part[]): Html {
  const text = strings.map((string, index) => string + render(parts[index]));
  return new Html(text.join(''));
}

interface PageOptions {
  readonly title: string;
  readonly status?: number;
  /** Puts nothing around `body` but the notice. */
  readonly wide?: boolean;
  /** Where frames may come from, for front-channel sign-out. */
  readonly frames?: readonly string[];
  /** Loads the script that sends the page's form at once. */
  readonly sendsItself?: boolean;
  /** Goes on to this address after two seconds. */
  readonly continueTo?: string;
}

/** Answers with a page; `form-action` is left open, since forms end in a redirect to an app. */
export function showPage(ctx: Koa.Context, options: PageOptions, body: Html): void {
  const frames = options.frames?.length ? options.frames.join(' ') : "'none'";
  ctx.status = options.status ?? 200;
  ctx.type = 'html';
  ctx.set({
    'cache-control': 'no-store',
    'content-security-policy': `default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; frame-src ${frames}; frame-ancestors 'none'; base-uri 'none'`,
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  });
  ctx.body = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${options.title} – Sandbox</title>
<link rel="stylesheet" href="/assets/sandbox.css">
${options.continueTo !== undefined && html`<meta http-equiv="refresh" content="1; url=${options.continueTo}">`}
${options.sendsItself === true && html`<script src="/assets/send-form.js" defer></script>`}
</head>
<body>
<main class="${options.wide === true ? 'wide' : 'card'}">
${!options.wide && html`<p class="brand"><span class="mark" aria-hidden="true"></span>Sandbox identity</p>`}
${body}
</main>
<footer>Sandbox – not for production. Every person and message here is invented.</footer>
</body>
</html>`.markup;
}
