/** The process: reads the environment, starts the site, and ends it without losing anything. */
import { createServer } from 'node:http';
import { parseArgs } from 'node:util';
import { createApp } from './app.ts';
import { ConfigurationFaults } from './config/faults.ts';
import { type LoadedSettings, loadSettings } from './config/load-settings.ts';
import { redactSettings } from './config/redact-settings.ts';
import { AppError, Misconfigured } from './errors.ts';
import { gracefulStop } from './graceful-stop.ts';
import { createLog } from './log.ts';
import { isLoopback } from './loopback.ts';
import { listenForMetrics } from './metrics-server.ts';
import { keepUploadPace } from './upload-pace.ts';

const USAGE = `Usage: npm start -- [--check] [--config FILE]
  --check        only validate, and print the effective settings without their secrets
  --config FILE  read FILE instead of appsettings.json`;

/** Longer than any proxy keeps a connection, so that the proxy is the one to close it. */
const KEEP_ALIVE_MS = 75_000;
const HEADERS_MS = 10_000;
const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'];
/** More than any address may have, so that one too long gets a page and not a broken connection. */
const MAX_HEADER_BYTES = 128 * 1024;

await main();

async function main(): Promise<void> {
  try {
    const { values } = parseArgs({
      options: {
        check: { type: 'boolean' },
        config: { type: 'string' },
        help: { type: 'boolean' },
      },
    });
    if (values.help) return console.log(USAGE);
    const loaded = loadSettings({
      env: process.env,
      directory: process.cwd(),
      mayWrite: !values.check,
      ...(values.config === undefined ? {} : { file: values.config }),
    });
    for (const warning of loaded.warnings) console.error(`Warning: ${warning}`);
    if (values.check) return console.log(JSON.stringify(redactSettings(loaded.settings), null, 2));
    await serve(loaded);
  } catch (error) {
    // What an operator can mend is said in words; anything else is a bug and keeps its stack.
    if (error instanceof ConfigurationFaults || error instanceof AppError) {
      console.error(error.message);
    } else if (isArgumentError(error)) {
      console.error(`${error.message}\n${USAGE}`);
    } else {
      console.error(error);
    }
    // A module that settings name may be busy for ever; what waits to start this anew must see the end.
    process.exit(1);
  }
}

async function serve({ settings }: LoadedSettings): Promise<void> {
  const level = process.env['LOG_LEVEL'] ?? 'info';
  if (!LOG_LEVELS.includes(level)) {
    throw new Misconfigured(`LOG_LEVEL is none of ${LOG_LEVELS.join(', ')}.`);
  }
  const log = createLog(level);
  const { port, metricsPort, publicUrl } = settings.site;
  const app = await createApp(settings, log);
  const limits = {
    headersTimeout: HEADERS_MS,
    // A large upload takes its time; its pace is kept instead.
    requestTimeout: 0,
    maxHeaderSize: MAX_HEADER_BYTES,
  };
  const server = createServer(limits, app.callback);
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  keepUploadPace(server);

  const failOn = (key: string, busyPort: number) => (error: NodeJS.ErrnoException) => {
    const busy = error.code === 'EADDRINUSE';
    const name = `Site:${key} (Site__${key})`;
    console.error(
      busy
        ? `Port ${busyPort} is busy. Stop what listens there, or set ${name} to another.`
        : error.message,
    );
    process.exit(1);
  };
  server.on('error', failOn('Port', port));
  // On a developer's machine nobody else is to reach it.
  const host = isLoopback(publicUrl) ? '127.0.0.1' : undefined;
  if (metricsPort !== undefined) {
    const metrics = listenForMetrics({ port: metricsPort, host, read: () => app.metrics(), log });
    metrics.on('error', failOn('MetricsPort', metricsPort));
  }
  server.listen(port, host, () => {
    log.info(
      { event: 'started', port, publicUrl: publicUrl.origin },
      `listening for ${publicUrl.origin}`,
    );
  });

  const stop = gracefulStop({ server, app, log });
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

function isArgumentError(error: unknown): error is Error {
  return (
    error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')
  );
}
