/** Turns: one at a time, in order, whatever becomes of each, and nothing left behind. */
import { expect } from 'chai';
import { systemClock } from '../../src/clock.ts';
import { Turns } from '../../src/storage/turns.ts';
import { caught } from '../support/caught.ts';

describe('Turns', () => {
  it('does the work on one name one at a time, in the order it was asked for', async () => {
    const turns = new Turns();
    const seen: string[] = [];
    const work = (what: string, ms: number) => () => {
      seen.push(`${what} begins`);
      return systemClock.sleep(ms).then(() => seen.push(`${what} ends`));
    };
    await Promise.all([turns.take('a', work('first', 20)), turns.take('a', work('second', 1))]);
    expect(seen).to.deep.equal(['first begins', 'first ends', 'second begins', 'second ends']);
  });

  it('lets nobody wait for another name', async () => {
    const turns = new Turns();
    const never = turns.take('a', () => Promise.withResolvers<void>().promise);
    expect(await turns.take('b', async () => 'done')).to.equal('done');
    expect(await Promise.race([never, 'waiting'])).to.equal('waiting');
  });

  it('goes on after a failure, which only its own caller hears of', async () => {
    const turns = new Turns();
    const fault = new Error('fault');
    const failing = caught(turns.take('a', () => Promise.reject(fault)));
    const next = turns.take('a', async () => 'done');
    expect(await failing).to.equal(fault);
    expect(await next).to.equal('done');
  });

  it('remembers no name that nobody waits for', async () => {
    const turns = new Turns();
    const ends = Array.from({ length: 50 }, (_, i) =>
      turns.take(String(i % 10), async () => {
        if (i % 2) throw new Error('fault');
      }),
    );
    expect(turns.size).to.equal(10);
    await Promise.allSettled(ends);
    expect(turns.size).to.equal(0);
  });

  it('lets a thousand wait for one name, and sends the next away', async () => {
    const turns = new Turns();
    const gate = Promise.withResolvers<void>();
    const ends = Array.from({ length: 1000 }, () => turns.take('a', () => gate.promise));
    expect(await caught(turns.take('a', async () => undefined))).to.have.property(
      'name',
      'NotDone',
    );
    gate.resolve();
    await Promise.all(ends);
    expect(await turns.take('a', async () => 'done')).to.equal('done');
  });
});
