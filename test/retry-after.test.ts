/** The header `Retry-After` in its two forms. */
import { expect } from 'chai';
import { retryAfterSeconds } from '../src/retry-after.ts';

const now = Date.UTC(2026, 0, 1, 12, 0, 0);

describe('retryAfterSeconds', () => {
  it('reads seconds, never less than asked', () => {
    expect(retryAfterSeconds('0', now)).to.equal(0);
    expect(retryAfterSeconds(' 17 ', now)).to.equal(17);
    expect(retryAfterSeconds('1.2', now)).to.equal(2);
    expect(retryAfterSeconds(['5', '9'], now)).to.equal(5);
  });

  it('reads an HTTP date', () => {
    expect(retryAfterSeconds('Thu, 01 Jan 2026 12:00:30 GMT', now)).to.equal(30);
    expect(retryAfterSeconds('Thu, 01 Jan 2026 11:00:00 GMT', now)).to.equal(0);
  });

  it('believes an hour at most', () => {
    expect(retryAfterSeconds('999999999999', now)).to.equal(3600);
    expect(retryAfterSeconds('Fri, 01 Jan 2027 12:00:30 GMT', now)).to.equal(3600);
  });

  it('is undefined for anything else', () => {
    for (const header of [undefined, '', 'soon', '-', []]) {
      expect(retryAfterSeconds(header, now), String(header)).to.equal(undefined);
    }
  });
});
