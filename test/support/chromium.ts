/** A real Chromium: `CHROME`, else Debian's. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium } from 'playwright-core';
import { aFolder } from './site-process.ts';

const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-features=SpareRendererForSitePerProcess',
];

/** @throws {Error} Chromium is not installed. */
export async function launchChromium(): Promise<Browser> {
  return await chromium.launch({ executablePath: findChromium(), args: QUIET });
}

/**
 * A profile of its own, as a person's everyday window, with the setting for cookies of other sites
 * as that person would make it.
 *
 * @throws {Error} Chromium is not installed.
 */
export async function launchProfile(
  thirdPartyCookies: 'blocked' | 'allowed',
): Promise<BrowserContext> {
  const folder = aFolder();
  mkdirSync(join(folder, 'Default'));
  const isBlocked = thirdPartyCookies === 'blocked';
  const profile = { cookie_controls_mode: Number(isBlocked), block_third_party_cookies: isBlocked };
  writeFileSync(join(folder, 'Default', 'Preferences'), JSON.stringify({ profile }));
  const executablePath = findChromium();
  return await chromium.launchPersistentContext(folder, { executablePath, args: QUIET });
}

function findChromium(): string {
  const executablePath = process.env['CHROME'] ?? '/usr/bin/chromium';
  if (existsSync(executablePath)) return executablePath;
  throw new Error(`${executablePath} is missing. On Debian: apt-get install chromium`);
}
