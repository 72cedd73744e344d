/** Prints the commands that register this site in Entra ID: `npm run -s register-app -- --public-url <url>`. */
import { registerApp } from './register-app/register-app.ts';

process.exitCode = registerApp(process.argv.slice(2), {
  env: process.env,
  directory: process.cwd(),
  now: Date.now(),
  print: console.log,
  say: console.error,
});
