/** Sets the headers that keep every answer from being framed, sniffed, scripted or kept. */
import type { Context, Middleware } from '../context.ts';

const HEADERS = {
  'Content-Security-Policy': [
    "default-src 'none'",
    "style-src 'self'",
    "img-src 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join('; '),
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
  // Nothing of a session may be shown again by the back button once the person has signed out.
  'Cache-Control': 'no-store',
};
/** Files and calls of this site only, and no text ever becomes HTML or code (Trusted Types). */
const WITH_OWN_SCRIPTS = [
  HEADERS['Content-Security-Policy'],
  "script-src 'self'",
  "connect-src 'self'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');
const ONE_YEAR = 'max-age=31536000';

export function securityHeaders(secure: boolean): Middleware {
  return async (ctx, next) => {
    setSecurityHeaders(ctx, secure);
    await next();
  };
}

export function setSecurityHeaders(ctx: Context, secure: boolean): void {
  ctx.set(HEADERS);
  if (secure) ctx.set('Strict-Transport-Security', ONE_YEAR);
}

/** For a page with scripts of its own; all others have none. */
export function allowOwnScripts(ctx: Context): void {
  ctx.set('Content-Security-Policy', WITH_OWN_SCRIPTS);
}
