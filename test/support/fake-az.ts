/** A stand-in for the Azure CLI: it notes what it is called with; options that az has not are refused. */
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { aFolder } from './site-process.ts';

export const TENANT_ID = '11111111-2222-3333-4444-555555555555';
export const CLIENT_ID = '99999999-8888-7777-6666-555555555555';
export const SECRET = 'Abc~dEf_gh1.j-K';

/** Of each command, as the reference of the Azure CLI lists them. */
const OPTIONS: Readonly<Record<string, readonly string[]>> = {
  'cloud set': ['--name'],
  'account show': [],
  'ad app list': ['--filter'],
  'ad sp show': ['--id'],
  'ad app create': [
    ...['--display-name', '--sign-in-audience', '--requested-access-token-version'],
    ...['--web-redirect-uris', '--web-home-page-url', '--enable-id-token-issuance'],
    '--optional-claims',
  ],
  rest: ['--method', '--headers', '--url', '--body'],
  'ad app permission add': ['--id', '--api', '--api-permissions'],
  'ad sp create': ['--id'],
  'ad app credential reset': ['--id', '--append', '--display-name', '--end-date', '--cert'],
};
const GLOBAL = ['--query', '--output', '--only-show-errors'];

/** What Graph has, for `ad sp show`. */
const PERMISSIONS = [
  ['User.Read', 'id-of-user-read'],
  ['Mail.Read', 'id-of-mail-read'],
  ['User.RevokeSessions.All', 'id-of-revoke'],
] as const;

/** Each word as it came, with a NUL behind it; an empty line ends a call. */
const SOURCE = `#!/usr/bin/env bash
printf '%s\\0' "$@" >> "$AZ_LOG"; printf '\\n\\0' >> "$AZ_LOG"
if [ -n "$AZ_FAILS" ] && [[ "$*" == "$AZ_FAILS"* ]]; then echo "ERROR: fails" >&2; exit 2; fi
if [ -n "$AZ_LATE" ] && [[ "$*" == "$AZ_LATE"* ]]; then
  echo >> "$AZ_LOG.late"
  if [ "$(wc -l < "$AZ_LOG.late")" -le "$AZ_LATE_TIMES" ]; then echo "$AZ_LATE_ERROR" >&2; exit 3; fi
fi
for word in "$@"; do
  if [[ "$word" == @* ]] && [ ! -r "\${word#@}" ]; then echo "ERROR: no file" >&2; exit 2; fi
done
if [[ "$*" == *'--output none'* ]]; then exit 0; fi
case "$*" in
  'account show'*) echo '${TENANT_ID}' ;;
  'ad app list'*) printf '%s' "$AZ_EXISTING" ;;
  'ad app create'*) echo '${CLIENT_ID}' ;;
  'ad app credential reset'*) echo '${SECRET}' ;;
  'ad sp show'*'--query oauth2PermissionScopes[].[value,id] --output tsv')
    printf '%s\\t%s\\n' ${PERMISSIONS.flat().join(' ')} ;;
esac
`;

export interface AzRun {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** What az was called with, in order. */
  readonly calls: readonly (readonly string[])[];
}

/** Runs commands in bash, from a file or as they are pasted by someone, with the stand-in for `az`. */
export function runWithFakeAz(
  commands: string,
  { env = {}, pasted = false, cwd = aFolder() } = {},
): AzRun {
  const folder = aFolder();
  const log = join(folder, 'az.log');
  writeFileSync(log, '');
  mkdirSync(join(folder, 'bin'));
  writeFileSync(join(folder, 'bin', 'az'), SOURCE, { mode: 0o755 });
  // Nobody waits for a stand-in.
  writeFileSync(join(folder, 'bin', 'sleep'), '#!/bin/sh\n', { mode: 0o755 });
  writeFileSync(join(folder, 'commands.sh'), commands);
  const shell = pasted ? ['--norc', '--noprofile', '-i'] : [join(folder, 'commands.sh')];
  const path = [join(folder, 'bin'), process.env['PATH']].join(delimiter);
  const run: SpawnSyncReturns<string> = spawnSync('bash', shell, {
    cwd,
    encoding: 'utf8',
    env: {
      PATH: path,
      HOME: folder,
      AZ_LOG: log,
      AZ_FAILS: '',
      AZ_LATE: '',
      AZ_EXISTING: '',
      ...env,
    },
    ...(pasted && { input: `set -o history -o histexpand\nls /\n${commands}` }),
  });
  const calls = readFileSync(log, 'utf8')
    .split('\n\0')
    .slice(0, -1)
    .map((call) => call.split('\0').slice(0, -1));
  for (const call of calls) refuseUnknownOptions(call);
  return { status: run.status, stdout: run.stdout, stderr: run.stderr, calls };
}

function refuseUnknownOptions(call: readonly string[]): void {
  const end = call.findIndex((word) => word.startsWith('-'));
  const options = OPTIONS[call.slice(0, end).join(' ')];
  const unknown = call.find(
    (word) => /^--[a-z]/.test(word) && ![...(options ?? []), ...GLOBAL].includes(word),
  );
  if (!options || unknown) throw new Error(`az knows no ${unknown ?? call.join(' ')}`);
}

/** The call of one command, such as `ad app create`. */
export function callOf({ calls }: AzRun, name: string): readonly string[] {
  const words = name.split(' ');
  const found = calls.filter((call) => words.every((word, i) => call[i] === word));
  const [call] = found;
  if (call === undefined || found.length > 1) throw new Error(`${found.length} calls of ${name}`);
  return call;
}

/** The values behind an option of a call. */
export function valuesOf(call: readonly string[], option: string): readonly string[] {
  const from = call.indexOf(option) + 1;
  if (from === 0) return [];
  const to = call.findIndex((word, i) => i >= from && word.startsWith('--'));
  return call.slice(from, to < 0 ? call.length : to);
}
