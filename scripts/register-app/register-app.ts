/** From the words of a command line to the commands that register the site; makes its certificate. */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ConfigurationFaults } from '../../src/config/faults.ts';
import type { Environment } from '../../src/config/read-sources.ts';
import { AppError, Misconfigured } from '../../src/errors.ts';
import { newCredential } from './new-credential.ts';
import { registration } from './registration.ts';
import { registrationCommands } from './registration-commands.ts';
import { readRegistrationSettings } from './registration-settings.ts';

export interface Surroundings {
  readonly env: Environment;
  /** Where the settings are, and what paths start from. */
  readonly directory: string;
  readonly now: number;
  /** For the commands. */
  readonly print: (text: string) => void;
  /** For all else. */
  readonly say: (text: unknown) => void;
}

const USAGE = `Usage: npm run -s register-app -- [options]

Prints the commands of the Azure CLI (az) that register this site in Entra ID, to be read and then run
in bash. It runs none of them and sends nothing; it makes the site's certificate, here.

  --public-url URL    where people find the site; the settings' own unless given.
  --name NAME         what people read when they consent; Concierge unless given.
  --tenants WHICH     whose accounts may sign in: single (one directory), multiple,
                      multiple-and-personal or personal. As the settings' TenantId says, else single.
  --permission SCOPE  a delegated permission of Microsoft Graph, as often as needed;
                      those of the settings' scopes unless given, else User.Read.
  --certificate DIR   where the certificate and its key are written; .local/certificate unless given.
  --secret            a client secret in place of the certificate.
  --days N            how long either is good: 365 unless given, at most 730.
  --cloud WHICH       global, usgov or china; the settings' own unless given.
  --config FILE       read FILE instead of appsettings.json.`;

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;
const OPTIONS = {
  ...{ 'public-url': text, name: text, tenants: text, cloud: text, config: text },
  ...{ certificate: text, secret: flag, days: text, help: flag },
  permission: { type: 'string', multiple: true },
} as const;
const DEFAULT_DIRECTORY = join('.local', 'certificate');

/** @returns the exit status. */
export function registerApp(args: readonly string[], surroundings: Surroundings): number {
  const { print, say } = surroundings;
  try {
    print(textFor(args, surroundings));
    return 0;
  } catch (error) {
    // What an operator can mend is said in words; anything else is a bug and keeps its stack.
    const isForeseen = error instanceof ConfigurationFaults || error instanceof AppError;
    const isOfArguments =
      error instanceof TypeError && 'code' in error && /^ERR_PARSE_ARGS/.test(String(error.code));
    if (isForeseen) say(error.message);
    else if (isOfArguments) say(`${error.message}\n\n${USAGE}`);
    else say(error);
    return 1;
  }
}

function textFor(args: readonly string[], surroundings: Surroundings): string {
  const { values } = parseArgs({ args: [...args], options: OPTIONS });
  if (values.help) return USAGE;
  const { 'public-url': publicUrl, certificate, secret = false, days, config } = values;
  if (publicUrl?.trim() === '') throw new Misconfigured('--public-url is empty.');
  if (secret && certificate !== undefined) {
    throw new Misconfigured('--certificate and --secret exclude each other.');
  }
  const { env, directory, now, say } = surroundings;
  const sources = { env, directory, file: config };
  const planned = registration(values, readRegistrationSettings(sources, publicUrl));
  // Last of all, when nothing else can be wrong any more, as it writes files.
  const credential = newCredential({
    ...{ days, directory, now, host: planned.publicUrl.hostname },
    certificate: secret ? undefined : (certificate ?? DEFAULT_DIRECTORY),
  });
  if (credential.type === 'certificate') {
    const { certificateDiskPath, isNew, notAfter } = credential;
    const until = notAfter.toISOString().slice(0, 10);
    say(
      isNew
        ? `Made ${certificateDiskPath} and the key beside it: keep the key secret.`
        : `Took ${certificateDiskPath}, which is there already and good until ${until}.`,
    );
  }
  return registrationCommands(planned, credential).trimEnd();
}
