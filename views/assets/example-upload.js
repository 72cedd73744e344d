/** The upload of the example page: a file of any size, with its progress and a way to stop it. */
// @ts-check
import { find, Status } from './example-status.js';

/** @typedef {import('./concierge.js').Concierge} Concierge */

/**
 * @param {HTMLElement} part
 * @param {Concierge} concierge
 */
export function showUpload(part, concierge) {
  const form = find(part, 'form', HTMLFormElement);
  const input = find(form, 'input', HTMLInputElement);
  const bar = find(part, 'progress', HTMLProgressElement);
  const submit = find(form, 'button[type=submit]', HTMLButtonElement);
  const cancel = find(form, 'button[type=button]', HTMLButtonElement);
  const status = new Status(part);
  const { url = '' } = part.dataset;
  /** @type {AbortController | undefined} */
  let underWay;

  cancel.addEventListener('click', () => underWay?.abort());
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const file = input.files?.[0];
    if (!file || underWay) return;
    underWay = new AbortController();
    const { signal } = underWay;
    submit.ariaDisabled = 'true';
    cancel.hidden = bar.hidden = false;
    await status.attempt(() => send(file, signal));
    // Whoever is typing elsewhere by now goes on doing so.
    if (document.activeElement === cancel) submit.focus();
    cancel.hidden = bar.hidden = true;
    submit.ariaDisabled = null;
    underWay = undefined;
  });

  /**
   * @param {File} file
   * @param {AbortSignal} signal
   */
  async function send(file, signal) {
    status.say(`Uploading: ${file.name}`);
    bar.value = 0;
    try {
      await concierge.upload(url.replace('*', encodeURIComponent(file.name)), file, {
        signal,
        onWait: status.wait,
        onProgress: ({ loaded, total }) => {
          bar.value = total > 0 ? loaded / total : 1;
        },
      });
    } catch (error) {
      if (!signal.aborted) throw error;
      // As the person wanted it.
      status.say(`Cancelled: ${file.name}`);
      return;
    }
    status.say(`Uploaded: ${file.name}`);
  }
}
