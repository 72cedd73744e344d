/** Knows the words that samples put where a value belongs. */

const PLACEHOLDER = /^\[.*\]$|^\[(?:enter|client)|enter[_ ]the[_ ]|^<.*>$|^(?:…|\.{3})$/i;

/** Whether `text` is a sample's placeholder, such as `[Enter_the_Application_Id_Here]`. */
export function isPlaceholder(text: string): boolean {
  return PLACEHOLDER.test(text);
}
