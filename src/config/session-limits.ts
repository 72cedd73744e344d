/** Reads the section `Session`: how long a session lasts, and what a sign-out ends. */
import type { Section } from './section.ts';
import type { Settings } from './settings.ts';

export const SESSION_KEYS = [
  'IdleMinutes',
  'AbsoluteHours',
  'UseTokenLifetime',
  'SignOutEverywhere',
  'RevokeSignInSessions',
  'AccountContext',
] as const;

const DEFAULTS = { idleMinutes: 60, absoluteHours: 12 };
/** How long Entra ID keeps a refresh token that is not used. */
const MAX_DAYS = 90;

export function readSessionLimits(
  section: Section<(typeof SESSION_KEYS)[number]>,
): Settings['session'] {
  section.refuseUnknownKeys();
  const absoluteHours =
    section.integer('AbsoluteHours', { min: 1, max: MAX_DAYS * 24 }) ?? DEFAULTS.absoluteHours;
  const idleMinutes =
    section.integer('IdleMinutes', { min: 1, max: MAX_DAYS * 24 * 60 }) ??
    Math.min(DEFAULTS.idleMinutes, absoluteHours * 60);
  if (idleMinutes > absoluteHours * 60) {
    const problem = `is longer than AbsoluteHours, which is ${absoluteHours}`;
    section.fault('IdleMinutes', problem, 'Make it shorter, or AbsoluteHours longer.');
  }
  return {
    idleMinutes,
    absoluteHours,
    useTokenLifetime: section.flag('UseTokenLifetime') ?? false,
    signOutEverywhere: section.flag('SignOutEverywhere') ?? false,
    revokeSignInSessions: section.flag('RevokeSignInSessions') ?? false,
    accountContext: readContext(section),
  };
}

/** An authentication context of Entra ID. */
function readContext(section: Section<(typeof SESSION_KEYS)[number]>): string | undefined {
  const context = section.text('AccountContext')?.toLowerCase();
  if (context === undefined || /^c[1-9]\d?$/.test(context)) return context;
  section.fault('AccountContext', 'is no authentication context', 'Write one of c1 to c99.');
  return undefined;
}
