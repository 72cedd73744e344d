/** Figures as a reader wants them: few digits, and units. */

export function times(ratio: number): string {
  return `${digits(ratio)}×`;
}

export function thousands(value: number): string {
  return Math.round(value).toLocaleString('en');
}

export function perSecond(us: number): string {
  return thousands(Number((1e6 / us).toPrecision(3)));
}

export function microseconds(us: number): string {
  return `${digits(us)} µs`;
}

export function megabytes(bytes: number): string {
  return `${thousands(bytes / 2 ** 20)} MB`;
}

export function percent(part: number): string {
  return `${Math.round(part * 100)} %`;
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, column) => (column === 0 ? '---' : '--:'));
  return [line(head), `|${rule.join('|')}|`, ...rows.map(line)].join('\n');
}

/** Three digits that count, and no more than two after the point. */
function digits(value: number): string {
  if (!Number.isFinite(value)) return '?';
  if (value >= 100) return thousands(value);
  return value.toFixed(value >= 10 ? 1 : 2);
}
