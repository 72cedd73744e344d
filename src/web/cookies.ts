/** The site's cookies: their names, and one way to read, write and clear them. */
import type { Context } from './context.ts';

const SUFFIXES = {
  /** The session id. */
  session: '',
  /** One random value a browser, which open sign-ins are bound to. */
  transaction: '-tx',
  /** Set by sign-out, so that the next sign-in asks which account. */
  signedOut: '-signed-out',
  /** The challenge answered a moment ago, to see one that comes back unchanged. */
  answered: '-answered',
};

export type CookieName = keyof typeof SUFFIXES;

/** 256 bits in base64url. */
const RANDOM_ID = /^[\w-]{43}$/;

/**
 * Cookies of this host alone, unseen by scripts, not sent along by other sites.
 *
 * `__Host-` (https only) keeps other hosts of the domain from planting one.
 */
export class SiteCookies {
  readonly #secure: boolean;

  constructor({ secure }: { readonly secure: boolean }) {
    this.#secure = secure;
  }

  name(name: CookieName): string {
    return `${this.#secure ? '__Host-' : ''}concierge${SUFFIXES[name]}`;
  }

  /** Nothing where two of that name say different things: one of them was planted. */
  read(ctx: Context, name: CookieName): string | undefined {
    const [value, ...others] = valuesOf(ctx.get('Cookie'), this.name(name));
    return others.every((other) => other === value) ? value : undefined;
  }

  /** The value of a cookie that holds a random id, if it looks like one. */
  readId(ctx: Context, name: CookieName): string | undefined {
    const value = this.read(ctx, name);
    return value !== undefined && RANDOM_ID.test(value) ? value : undefined;
  }

  write(ctx: Context, name: CookieName, value: string, maxAgeMs: number): void {
    ctx.cookies.set(this.name(name), value, { ...this.attributes(), maxAge: maxAgeMs });
  }

  clear(ctx: Context, name: CookieName): void {
    ctx.cookies.set(this.name(name), '', { ...this.attributes(), expires: new Date(0) });
  }

  attributes() {
    return {
      path: '/',
      httpOnly: true,
      sameSite: 'lax' as const,
      secure: this.#secure,
      signed: false,
      overwrite: true,
    };
  }
}

/** As browsers write them (RFC 6265 §5.4): no other space, quote or escape is read as one of theirs. */
function valuesOf(header: string, name: string): string[] {
  const pairs = header.matchAll(new RegExp(`(?:^|;) ?${name}=([^;]*)`, 'g'));
  return [...pairs].map(([, value = '']) => value);
}
