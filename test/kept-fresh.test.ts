/** A value that is kept and renewed, under a clock that jumps. */
import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';
import { KeptFresh } from '../src/kept-fresh.ts';
import { caught } from './support/caught.ts';

describe('A value kept fresh', () => {
  let now: number;
  let loads: number;
  let isDown: boolean;
  let kept: KeptFresh<number>;
  beforeEach(() => {
    [now, loads, isDown] = [10 * 3_600_000, 0, false];
    kept = new KeptFresh({
      ...{ freshMs: 3_600_000, retryMs: 60_000, now: () => now, onStale: () => {} },
      load: async () => {
        loads += 1;
        if (isDown) throw new Error('down');
        return loads;
      },
    });
  });

  const asked = async () => {
    await kept.current();
    await turn();
    return loads;
  };

  it('is renewed when the clock is set back before its time, as its age is not known then', async () => {
    await asked();
    now -= 1000;
    expect(await asked()).to.equal(2);
    expect(await asked(), 'once').to.equal(2);
  });

  it('is renewed after a failure though the clock was set back', async () => {
    await asked();
    isDown = true;
    now += 3_600_000;
    expect(await asked()).to.equal(2);
    expect(await asked(), 'not at once').to.equal(2);
    now -= 3 * 3_600_000;
    expect(await asked()).to.equal(3);
    expect(await asked(), 'not at once').to.equal(3);
    now += 60_000;
    expect(await asked()).to.equal(4);
    await caught(kept.reload());
  });
});
