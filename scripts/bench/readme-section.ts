/** Puts a bench's report between its markers in the README. */

/** @throws {Error} the README has no such markers. */
export function withSection(readme: string, bench: string, report: string): string {
  const section = new RegExp(`(<!-- bench ${bench} -->\n)[\\s\\S]*?(<!-- /bench ${bench} -->)`);
  if (!section.test(readme)) throw new Error(`README.md has no markers for the bench ${bench}`);
  return readme.replace(section, (_, start, end) => `${start}\n${report}\n\n${end}`);
}
