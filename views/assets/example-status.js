/** Says in a part's status line what happens, and after a failure what can be done about it. */
// @ts-check
import { AccountChanged, SignInNeeded } from './concierge.js';

export class Status {
  #line;

  /** @param {HTMLElement} part a part of the page with an element of the role `status` */
  constructor(part) {
    this.#line = find(part, '[role=status]', HTMLElement);
  }

  /** @param {string} text */
  say(text) {
    this.#line.textContent = text;
  }

  /** For `onWait`: a busy API is a wait, not an error. */
  wait = (/** @type {number} */ seconds) =>
    this.say(`The API is busy. Trying again in ${seconds} s…`);

  /**
   * Nothing that a person does fails unseen: a missing sign-in or consent becomes a link that leads
   * there and back.
   *
   * @param {() => Promise<void>} action
   * @returns whether it succeeded
   */
  async attempt(action) {
    this.say('');
    try {
      await action();
      return true;
    } catch (error) {
      // Shown, which is all that a page can do about it.
      this.#show(error);
      return false;
    }
  }

  /** @param {unknown} error */
  #show(error) {
    if (error instanceof SignInNeeded) {
      const isConsent = error.scopes.length > 0;
      this.say(isConsent ? 'This needs your permission first. ' : 'You are not signed in. ');
      this.#offer(isConsent ? 'Give permission' : 'Sign in', error.signInUrl);
    } else if (error instanceof AccountChanged) {
      this.say('Another account is in use by now, and nothing was changed. ');
      this.#offer('Load this page again', location.pathname);
    } else {
      this.say(error instanceof Error ? error.message : 'That did not work.');
    }
  }

  /**
   * @param {string} textContent
   * @param {string} href
   */
  #offer(textContent, href) {
    this.#line.append(element('a', { textContent, href }));
  }
}

/**
 * @template {Element} T
 * @param {ParentNode} within
 * @param {string} selector
 * @param {new () => T} kind
 */
export function find(within, selector, kind) {
  const found = within.querySelector(selector);
  if (found instanceof kind) return found;
  throw new Error(`The page has no ${selector}.`);
}

/**
 * Texts go in as texts only: nothing that an API answers is ever read as HTML.
 *
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} name
 * @param {Partial<HTMLElementTagNameMap[K]>} properties
 */
export function element(name, properties) {
  const made = document.createElement(name);
  Object.assign(made, properties);
  return made;
}
