/** Writes the README's generated parts, each between its markers: `npm run readme`. */
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { auditTable } from '../src/audit-events.ts';
import { configurationTable } from '../src/config/keys.ts';

/** The map of the tree: each source file with its own first line. */
export function treeMap(): string {
  const rows = globSync('src/**/*.ts')
    .sort()
    .map((file) => {
      const sentence = /^\/\*\* (.+) \*\/\n/.exec(readFileSync(file, 'utf8'))?.[1] ?? '';
      return `| \`${file}\` | ${sentence.replaceAll('|', '\\|')} |`;
    });
  return ['| file | is |', '|---|---|', ...rows].join('\n');
}

/** The README with its generated parts made anew. */
export function withGeneratedParts(readme: string): string {
  const parts = { configuration: configurationTable(), audit: auditTable(), map: treeMap() };
  return Object.entries(parts).reduce((text, [name, content]) => {
    const part = new RegExp(`(<!-- ${name} -->\n)[\\s\\S]*?(<!-- end of ${name} -->)`);
    if (!part.test(text)) throw new Error(`README.md has no markers for ${name}`);
    return text.replace(part, (_, start, end) => `${start}\n${content}\n\n${end}`);
  }, readme);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  writeFileSync('README.md', withGeneratedParts(readFileSync('README.md', 'utf8')));
}
