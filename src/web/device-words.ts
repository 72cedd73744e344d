/** Says in words which browser on which system sent a `User-Agent`, for people to know their devices by. */
import { BROWSER_MAP, parse } from 'bowser';

const MAX_LENGTH = 512;
const UNKNOWN = 'An unknown browser';
/** Only these names are said: the library gives others as the header has them, whatever they are. */
const BROWSERS: ReadonlySet<string> = new Set(Object.values(BROWSER_MAP));
const APPLE_DEVICES: ReadonlySet<string> = new Set(['iPhone', 'iPad', 'iPod']);

/** Such as "Firefox on Windows" or "Safari on iPhone": a hint, which anyone may forge. */
export function deviceWords(userAgent: string): string {
  const text = userAgent.slice(0, MAX_LENGTH);
  // The library throws on an empty one.
  if (text.trim() === '') return UNKNOWN;
  const { browser, os, platform } = parse(text);
  const name = BROWSERS.has(browser.name ?? '') ? browser.name : undefined;
  const place = APPLE_DEVICES.has(platform.model ?? '') ? platform.model : os.name;
  const words = name?.replace(/ for Android$/, '') ?? UNKNOWN;
  return place ? `${words} on ${place}` : words;
}
