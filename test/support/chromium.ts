/** A real Chromium: `CHROME`, else Debian's. */
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** @throws {Error} Chromium is not installed. */
export async function launchChromium(): Promise<Browser> {
  const executablePath = process.env['CHROME'] ?? '/usr/bin/chromium';
  if (!existsSync(executablePath)) {
    throw new Error(`${executablePath} is missing. On Debian: apt-get install chromium`);
  }
  return await chromium.launch({ executablePath, args: QUIET });
}
