/** The bounds of the store in memory. */
import { expect } from 'chai';
import { MemoryBackend } from '../../src/storage/memory-backend.ts';

const HOUR_MS = 3_600_000;

describe('MemoryBackend', () => {
  let nowMs: number;
  let backend: MemoryBackend;

  beforeEach(() => {
    nowMs = Date.now();
    backend = new MemoryBackend({ now: () => nowMs, maxOfAKind: 100 });
  });
  afterEach(() => backend.close());

  it('keeps sessions and accounts, however many transactions are opened', () => {
    backend.set('test:{a}:session', 'session', HOUR_MS);
    backend.set('test:{a}:account', 'account', HOUR_MS);
    for (let i = 0; i < 1000; i += 1) {
      backend.replace(`test:{${i}}:transaction`, undefined, 'transaction', HOUR_MS);
    }
    expect(backend.get('test:{a}:session')).to.equal('session');
    expect(backend.get('test:{a}:account')).to.equal('account');
    expect(backend.count()).to.equal(102);
  });

  it('lets the record go that was used longest ago', () => {
    for (let i = 0; i < 100; i += 1) backend.set(`test:{${i}}:session`, 'session', HOUR_MS);
    backend.get('test:{0}:session');
    backend.set('test:{100}:session', 'session', HOUR_MS);
    expect(backend.get('test:{0}:session')).to.equal('session');
    expect(backend.get('test:{1}:session')).to.equal(undefined);
  });

  it('frees what has expired, unasked', () => {
    backend.set('test:{a}:session', 'short', HOUR_MS);
    backend.set('test:{b}:session', 'long', 3 * HOUR_MS);
    nowMs += 2 * HOUR_MS;
    backend.sweep();
    expect(backend.count()).to.equal(1);
    expect(backend.get('test:{b}:session')).to.equal('long');
  });
});
