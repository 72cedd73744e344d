/** Writes texts and commands for a POSIX shell, so that nothing of a text is interpreted. */

/** Needs no quotes in any place of a command but the first. */
const PLAIN = /^[A-Za-z0-9_%+:,./=@-]+$/;
/** Means something between double quotes; "!" does where people type. */
const ALIVE = /["$`\\!]/;

/** One word, whatever it holds. */
export function shellWord(text: string): string {
  if (PLAIN.test(text)) return text;
  if (text.includes("'") && !ALIVE.test(text)) return `"${text}"`;
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** A command over several lines, of parts that are quoted already. */
export function command(...parts: readonly string[]): string {
  return parts.join(' \\\n  ');
}

/** Says a word, which is quoted already, on standard error. */
export function say(word: string): string {
  return `printf '%s\\n' ${word} >&2`;
}
