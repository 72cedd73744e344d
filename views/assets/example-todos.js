/** The to-dos of the example page: listed, added, ticked and deleted. */
// @ts-check
import { SignInNeeded } from './concierge.js';
import { keepText, takeText } from './example-kept.js';
import { element, find, Status } from './example-status.js';

/**
 * @typedef {import('./concierge.js').Concierge} Concierge
 * @typedef {{ id: string, title: string, done: boolean }} Todo
 */

/**
 * @param {HTMLElement} part
 * @param {Concierge} concierge
 */
export function showTodos(part, concierge) {
  const list = find(part, 'ul', HTMLUListElement);
  const form = find(part, 'form', HTMLFormElement);
  const title = find(form, 'input', HTMLInputElement);
  const status = new Status(part);
  const { url = '', canChange, canRemove } = part.dataset;
  const onWait = status.wait;
  /** @type {string | undefined} */
  let username;
  let isAdding = false;

  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (isAdding) return;
    isAdding = true;
    await status.attempt(addTodo);
    isAdding = false;
  });
  void status.attempt(begin);

  async function begin() {
    status.say('Loading…');
    ({ username } = (await concierge.session()).account);
    const response = await concierge.call(url, { onWait });
    /** @type {{ value: Todo[] }} */
    const { value } = await response.json();
    list.replaceChildren(...value.map(itemOf));
    status.say(value.length === 0 ? 'Nothing to do.' : '');

    const text = takeText(username);
    if (text === undefined) return;
    title.value = text;
    title.focus();
    status.say('You are back, and so is what you wrote. It is not added yet.');
  }

  /** Shown once the API has taken it: only then it has an id. */
  async function addTodo() {
    const text = title.value.trim();
    if (text === '') return;
    status.say('Adding…');
    try {
      const response = await concierge.call(url, { ...json('POST', { title: text }), onWait });
      list.append(itemOf(await response.json()));
    } catch (error) {
      if (error instanceof SignInNeeded) keepText(text, username);
      throw error;
    }
    title.value = '';
    status.say(`Added: ${text}`);
  }

  /** @param {Todo} todo */
  function itemOf({ id, title: text, done }) {
    const item = element('li', { className: 'item' });
    const box = element('input', { type: 'checkbox', checked: done, disabled: !canChange });
    const label = element('label', {});
    label.append(box, element('span', { textContent: text }));
    item.append(label);
    const todoUrl = `${url}/${encodeURIComponent(id)}`;

    // Ticked before the API knows it, as that is easily undone. One at a time: the last one counts.
    let isChanging = false;
    box.addEventListener('click', async (event) => {
      if (isChanging) return event.preventDefault();
      isChanging = true;
      const wanted = box.checked;
      const isChanged = await status.attempt(async () => {
        await concierge.call(todoUrl, { ...json('PATCH', { done: wanted }), onWait });
        status.say(`${wanted ? 'Done' : 'Not done'}: ${text}`);
      });
      if (!isChanged) box.checked = !wanted;
      isChanging = false;
    });
    if (canRemove) item.append(removeButton(item, todoUrl, text));
    return item;
  }

  /**
   * @param {HTMLLIElement} item
   * @param {string} todoUrl
   * @param {string} text
   */
  function removeButton(item, todoUrl, text) {
    const button = element('button', { type: 'button', className: 'quiet', textContent: 'Delete' });
    button.ariaLabel = `Delete: ${text}`;
    button.addEventListener('click', () =>
      status.attempt(async () => {
        await concierge.call(todoUrl, { method: 'DELETE', onWait });
        item.remove();
        title.focus();
        status.say(`Deleted: ${text}`);
      }),
    );
    return button;
  }
}

/**
 * @param {string} method
 * @param {object} value
 */
function json(method, value) {
  return { method, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(value) };
}
