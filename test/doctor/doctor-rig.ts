/** The doctor before a real sandbox: its checks in this process, or the whole command in one of its own. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import type { Check, Finding } from '../../scripts/doctor/check.ts';
import { CHECKS } from '../../scripts/doctor/checks.ts';
import { type Report, type RunOptions, runChecks } from '../../scripts/doctor/run-checks.ts';
import type { Sandbox } from '../../scripts/sandbox/start-sandbox.ts';
import { systemClock } from '../../src/clock.ts';
import { examineSettings } from '../../src/config/load-settings.ts';
import { aKey } from '../config/config-rig.ts';
import { bareEnvironment } from '../support/bare-environment.ts';
import { sandboxEnvironment } from '../support/site.ts';
import { aFolder } from '../support/site-process.ts';

type Environment = Readonly<Record<string, string>>;

/** An environment in which all is well, but that no site runs at its port. */
export function wellEnvironment(sandbox: Sandbox, port = 1): Record<string, string> {
  return {
    ...sandboxEnvironment(sandbox, port),
    TokenCache__EncryptionKeys__0: aKey(1),
    TokenCache__IndexKey: aKey(2),
    TokenCache__Store: `sqlite:${aFolder()}/tokens.sqlite`,
  };
}

/** What the checks find in such an environment, or one of them. */
export async function diagnose(
  env: Environment,
  { directory = aFolder(), ...options }: Partial<RunOptions> & { directory?: string } = {},
): Promise<Report> {
  const examined = examineSettings({ env, directory, mayWrite: false });
  return await runChecks({
    checks: CHECKS,
    examined,
    directory,
    fetch,
    clock: systemClock,
    ...options,
  });
}

/** The findings of one check. */
export async function findingsOf(
  check: Check,
  env: Environment,
  options: Partial<RunOptions> = {},
): Promise<readonly Finding[]> {
  return (await diagnose(env, { ...options, checks: [check] })).findings;
}

/** What a command that was printed would hand over: each word as bash makes it, and nothing is run. */
export function wordsOf(command = '', directory = aFolder()): readonly string[] {
  const [program = ''] = command.split(' ', 1);
  const script = `${program}() { printf '%s\\0' "$@"; }\n${command}`;
  const printed = execFileSync('bash', ['-c', script], { cwd: directory, encoding: 'utf8' });
  return [program, ...printed.split('\0').slice(0, -1)];
}

/** Runs `npm run doctor` as an operator does. */
export async function runDoctor(
  args: readonly string[],
  env: Environment,
  directory = aFolder(),
): Promise<{ status: unknown; output: string; errors: string }> {
  const child = spawn(process.execPath, [resolve('scripts/doctor.ts'), ...args], {
    cwd: directory,
    env: bareEnvironment(env),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [output, errors] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const [status]: unknown[] = await once(child, 'close');
  return { status, output, errors };
}
