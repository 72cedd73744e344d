/** Runs the checks side by side, each within its time, and makes one report of what they find. */
import { HttpExchange } from '../../src/authority/http-exchange.ts';
import type { Clock } from '../../src/clock.ts';
import type { ExaminedSettings } from '../../src/config/load-settings.ts';
import { AppError } from '../../src/errors.ts';
import { type AuthorityAnswer, askAuthority } from './ask-authority.ts';
import type { Check, CheckContext, Finding, Result } from './check.ts';
import { hideSecrets } from './hide-secrets.ts';

/** What `--json` prints; members are added to it, none is renamed or taken away. */
export interface Report {
  readonly version: 1;
  /** The worst of all findings. */
  readonly result: 'ok' | 'warning' | 'failed';
  /** When it was begun, as ISO 8601 has it. */
  readonly at: string;
  readonly tookMs: number;
  readonly counts: Readonly<Record<Result, number>>;
  readonly findings: readonly ReportedFinding[];
}

export interface ReportedFinding extends Finding {
  /** The name of the check. */
  readonly check: string;
}

export interface RunOptions {
  readonly checks: readonly Check[];
  readonly examined: ExaminedSettings;
  readonly directory: string;
  readonly tenantId?: string | undefined;
  readonly fetch: typeof fetch;
  readonly clock: Clock;
  /** For each check. */
  readonly limitMs?: number;
}

const LIMIT_MS = 10_000;

export async function runChecks(options: RunOptions): Promise<Report> {
  const { checks, examined, directory, tenantId, fetch, clock, limitMs = LIMIT_MS } = options;
  const begun = clock.monotonic();
  const at = new Date(clock.now()).toISOString();
  const where = examined.sections?.azureAd.authority;
  let asked: Promise<AuthorityAnswer> | undefined;
  const askOnce = async () => {
    asked ??= where && askAuthority(where, new HttpExchange(fetch), clock);
    return await asked;
  };
  const context = { examined, askAuthority: askOnce, directory, tenantId, fetch, clock };
  const hide = hideSecrets(examined);
  const found = await Promise.all(
    checks.map(async (check) => {
      const findings = await runCheck(check, context, limitMs);
      return findings.map((finding) => shown({ check: check.name, ...finding }, hide));
    }),
  );
  const findings = found.flat();
  const count = (result: Result) => findings.filter((finding) => finding.result === result).length;
  const counts = {
    ok: count('ok'),
    warning: count('warning'),
    failed: count('failed'),
    skipped: count('skipped'),
  };
  const result = counts.failed > 0 ? 'failed' : counts.warning > 0 ? 'warning' : 'ok';
  return { version: 1, result, at, tookMs: whole(clock.monotonic() - begun), counts, findings };
}

async function runCheck(
  check: Check,
  context: CheckContext,
  limitMs: number,
): Promise<readonly Finding[]> {
  const { promise: late, resolve } = Promise.withResolvers<readonly Finding[]>();
  const timer = setTimeout(() => resolve([tooLate(limitMs)]), limitMs);
  try {
    return await Promise.race([check.run(context), late]);
  } catch (error) {
    return [thrown(error)];
  } finally {
    clearTimeout(timer);
  }
}

function tooLate(limitMs: number): Finding {
  const text = 'Look at the way from here to what it asks: name servers, proxy, firewall.';
  return { result: 'failed', seen: `It did not end within ${limitMs / 1000} s.`, mend: { text } };
}

/** Of an error that is not ours only the kind is told: its message may repeat anything. */
function thrown(error: unknown): Finding {
  if (error instanceof AppError) return { result: 'failed', seen: error.message };
  const kind = error instanceof Error ? error.name : typeof error;
  const code = error instanceof Error && 'code' in error ? ` ${String(error.code)}` : '';
  const text = 'This is a defect of the check. Tell whoever keeps this code.';
  return { result: 'failed', seen: `The check broke (${kind}${code}).`, mend: { text } };
}

/** As it may be printed, with its members always in the same order. */
function shown(
  { check, result, subject, seen, mend, tookMs }: ReportedFinding,
  hide: (text: string) => string,
): ReportedFinding {
  return {
    check,
    result,
    ...(subject !== undefined && { subject }),
    seen: hide(seen),
    ...(mend && {
      mend: {
        text: hide(mend.text),
        ...(mend.portal !== undefined && { portal: mend.portal }),
        ...(mend.command !== undefined && { command: hide(mend.command) }),
      },
    }),
    ...(tookMs !== undefined && { tookMs: whole(tookMs) }),
  };
}

function whole(ms: number): number {
  return Math.round(ms);
}
