/** One key of the configuration as the README shows it. */

export interface DocumentedKey {
  /** As in `AzureAd:ClientId`; `<name>` and `<n>` stand for a name and a number. */
  readonly key: string;
  readonly default: string;
  readonly meaning: string;
}

export const NONE = '–';
export const REQUIRED = 'required';

export function row(key: string, byDefault: string, meaning: string): DocumentedKey {
  return { key, default: byDefault, meaning };
}
