/** The report as a table of 100 columns: what was seen, and below it what to do. */
import type { Result } from './check.ts';
import type { Report, ReportedFinding } from './run-checks.ts';

const WIDTH = 100;
const WORDS: Readonly<Record<Result, string>> = {
  ok: 'ok',
  warning: 'warning',
  failed: 'FAILED',
  skipped: 'skipped',
};
const RESULT_WIDTH = 'warning'.length;

/** `paint` colours a result's word, where colours are wanted. */
export function reportAsTable(
  { findings, counts, tookMs }: Report,
  paint: (result: Result, word: string) => string = (_, word) => word,
): string {
  const nameWidth = Math.max(...findings.map(({ check }) => check.length));
  const indent = RESULT_WIDTH + nameWidth + 4;
  const margin = ' '.repeat(indent);
  const lines = findings.flatMap((finding, i) => {
    const { result, check } = finding;
    const name = check === findings[i - 1]?.check ? '' : check;
    const word = paint(result, WORDS[result].padEnd(RESULT_WIDTH));
    const [first = '', ...rest] = linesOf(finding, WIDTH - indent);
    const begin = `${word}  ${name.padEnd(nameWidth)}  ${first}`.trimEnd();
    return [begin, ...rest.map((line) => `${margin}${line}`)];
  });
  const { ok, warning, failed, skipped } = counts;
  const summary = `${failed} failed, ${warning} ${warning === 1 ? 'warning' : 'warnings'}, ${ok} ok, ${skipped} skipped, in ${(tookMs / 1000).toFixed(1)} s.`;
  return [...lines, '', summary].join('\n');
}

function linesOf({ seen, subject, mend, result }: ReportedFinding, width: number): string[] {
  const said = subject === undefined || seen.startsWith(subject) ? seen : `${subject}: ${seen}`;
  const lines = wrap(said, width);
  if (!mend || result === 'ok') return lines;
  lines.push(...hanging('To do:   ', wrap(mend.text, width - 9)));
  if (mend.portal !== undefined) lines.push(...hanging('Portal:  ', wrap(mend.portal, width - 9)));
  if (mend.command !== undefined) {
    // A shell takes it as one line, copied as it is.
    const parts = fill(shellWordsOf(mend.command), width - 11);
    lines.push(
      ...hanging(
        'Command: ',
        parts.map((part, i) => (i < parts.length - 1 ? `${part} \\` : part)),
      ),
    );
  }
  return lines;
}

function hanging(label: string, [first = '', ...rest]: readonly string[]): string[] {
  return [`${label}${first}`, ...rest.map((line) => `${' '.repeat(label.length)}${line}`)];
}

/** At spaces only: a URL longer than a line is left whole, to be copied. */
function wrap(text: string, width: number): string[] {
  return fill(text.split(' '), width);
}

/** A space in quotes ends no word; what is quoted in another way is left whole. */
function shellWordsOf(command: string): readonly string[] {
  const words = command.match(/(?:\\.|'[^']*'|"[^"]*"|[^ \\'"])+/g) ?? [];
  return words.join(' ') === command ? words : [command];
}

function fill(words: readonly string[], width: number): string[] {
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else lines.push(word);
  }
  return lines;
}
