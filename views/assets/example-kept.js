/** Keeps what was typed over the way to the sign-in and back: the text alone, in this tab. */
// @ts-check

const NAME = 'example-kept';

/**
 * @param {string} text
 * @param {string} [username] whose it is, if that is known
 */
export function keepText(text, username) {
  sessionStorage.setItem(NAME, JSON.stringify({ text, username }));
}

/**
 * What was kept, once; for another person than the one who wrote it, nothing.
 *
 * @param {string} [username]
 * @returns {string | undefined}
 */
export function takeText(username) {
  const kept = JSON.parse(sessionStorage.getItem(NAME) ?? '{}');
  sessionStorage.removeItem(NAME);
  return kept.username === undefined || kept.username === username ? kept.text : undefined;
}
