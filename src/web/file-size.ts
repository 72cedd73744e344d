/** Says how large a file is, in words. */

const UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB'] as const;

/** Empty where it is not known. */
export function fileSize(bytes: number | null | undefined): string {
  if (bytes === undefined || bytes === null || bytes < 0) return '';
  const power = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), UNITS.length - 1);
  const amount = bytes / 1000 ** power;
  return `${amount < 10 && power > 0 ? amount.toFixed(1) : Math.round(amount)} ${UNITS[power]}`;
}
