/** A failure of the store, as the rest of the site meets it: what is known of the store with it. */
import { Unavailable } from '../errors.ts';

/** Those that are `readonly` or `full` answer, and take no writes; `refused` are our credentials. */
export type StoreState = 'down' | 'readonly' | 'full' | 'refused';

export class StoreUnavailable extends Unavailable {
  readonly state: StoreState;

  constructor(
    state: StoreState,
    options: { outcome?: 'not-done' | 'unknown'; cause?: unknown } = {},
  ) {
    super('Our store does not answer just now. Try again shortly.', options);
    this.state = state;
  }
}
