/** A module that gives assertions, and none while the file that its data names is there. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { aFolder } from './site-process.ts';

export function anAssertionModule(): { readonly module: string; readonly away: string } {
  const folder = aFolder();
  const module = join(folder, 'assertions.mjs');
  writeFileSync(
    module,
    `import { existsSync } from 'node:fs';
    export const getAssertion = ({ data }) => {
      if (existsSync(data.away)) throw new Error('away');
      return 'e30.e30.c2ln';
    };`,
  );
  return { module, away: join(folder, 'away') };
}
