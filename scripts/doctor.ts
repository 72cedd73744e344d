/** Checks all that the site depends on, and says how to mend what is wrong: `npm run doctor`. */
import { parseArgs, styleText } from 'node:util';
import { systemClock } from '../src/clock.ts';
import { examineSettings } from '../src/config/load-settings.ts';
import { isConcreteTenant } from '../src/tenant-id.ts';
import type { Result } from './doctor/check.ts';
import { CHECKS } from './doctor/checks.ts';
import { reportAsTable } from './doctor/report-as-table.ts';
import { runChecks } from './doctor/run-checks.ts';

const USAGE = `Usage: npm run doctor -- [--json] [--tenant TENANT] [--config FILE]

Run it beside the settings, as the user that the site runs as, before a start or while the site runs.
It signs nobody in, and leaves no record behind in the store; in a database that has none yet, it may
make the empty table, as a start would. A custom-assertion module that the settings name is loaded, and asked.

  --json           print the report as JSON (with npm run --silent, so that npm adds nothing)
  --tenant TENANT  ask about the credentials in this tenant, where the settings name none (common, organizations)
  --config FILE    read FILE instead of appsettings.json

Exit status: 0 if nothing failed (there may be warnings), 1 if something failed, 2 if it was called wrongly.`;

const COLOURS = { ok: 'green', warning: 'yellow', failed: 'red', skipped: 'gray' } as const;

await exit(await main());

async function main(): Promise<number> {
  const values = readArguments();
  if (!values) return 2;
  const { help, json, tenant, config } = values;
  if (help) {
    console.log(USAGE);
    return 0;
  }
  const directory = process.cwd();
  const examined = examineSettings({
    env: process.env,
    directory,
    mayWrite: false,
    ...(config === undefined ? {} : { file: config }),
  });
  const report = await runChecks({
    ...{ checks: CHECKS, examined, directory, tenantId: tenant, fetch, clock: systemClock },
  });
  console.log(json ? JSON.stringify(report, null, 2) : reportAsTable(report, paint));
  return report.result === 'failed' ? 1 : 0;
}

function readArguments() {
  const flag = { type: 'boolean' } as const;
  const text = { type: 'string' } as const;
  try {
    const options = { help: flag, json: flag, tenant: text, config: text };
    const { values } = parseArgs({ options });
    if (values.tenant === undefined || isConcreteTenant(values.tenant)) return values;
    console.error(`--tenant names no one tenant: give its GUID or one of its domains.\n\n${USAGE}`);
    return undefined;
  } catch (error) {
    // An option that does not exist, or one without its value.
    console.error(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
    return undefined;
  }
}

/** No colours where standard output is no terminal, or `NO_COLOR` is set. */
function paint(result: Result, word: string): string {
  return styleText(COLOURS[result], word, { stream: process.stdout });
}

/** What a check was given up on may hold the process open: nobody waits for that. */
async function exit(status: number): Promise<never> {
  await new Promise<void>((written) => process.stdout.write('', () => written()));
  process.exit(status);
}
