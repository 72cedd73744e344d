/** One API that is slow or dead does not hold up the others, nor those who call it. */
import { expect } from 'chai';
import { systemClock } from '../../src/clock.ts';
import { ApiGuard } from '../../src/downstream/api-guard.ts';
import { ApiFailed, Unavailable } from '../../src/errors.ts';
import { caught } from '../support/caught.ts';

describe('ApiGuard', () => {
  let now: number;
  const aGuard = (maxConcurrent = 2) => {
    const clock = { ...systemClock, monotonic: () => now };
    return new ApiGuard({ api: 'Todos', maxConcurrent, clock });
  };
  const fails = async () => {
    throw new Unavailable('Todos does not answer.');
  };
  const never = () => new Promise<never>(() => {});
  const failTimes = async (guard: ApiGuard, times: number) => {
    for (let i = 0; i < times; i += 1) await caught(guard.run(fails, { signal: undefined }));
  };
  const isResting = async (guard: ApiGuard) => {
    const error = await caught(
      guard.run(async () => 'answer', { signal: undefined }).then(() => fails()),
    );
    return error instanceof Unavailable && error.detail.error === 'resting';
  };
  beforeEach(() => {
    now = 1000;
  });

  it('lets so many wait at once and no more, and others again when they are answered', async () => {
    const guard = aGuard(2);
    const first = Promise.withResolvers<string>();
    const waiting = guard.run(() => first.promise, { signal: undefined });
    guard.run(never, { signal: undefined }).catch(() => undefined);
    const refused = await caught(guard.run(async () => 'x', { signal: undefined }));
    expect(refused).to.be.instanceOf(Unavailable);
    expect(refused).to.have.nested.property('detail.error', 'too_many_waiting');
    first.resolve('answer');
    expect(await waiting).to.equal('answer');
    expect(await guard.run(async () => 'x', { signal: undefined })).to.equal('x');
  });

  it('counts no uploads, which wait for their senders', async () => {
    const guard = aGuard();
    const uploads = Array.from({ length: 5 }, () =>
      guard.run(never, { signal: undefined, isUpload: true }),
    );
    for (const upload of uploads) upload.catch(() => undefined);
    expect(await guard.run(async () => 'x', { signal: undefined })).to.equal('x');
  });

  it('leaves an API alone after ten failures in a row, without asking it', async () => {
    const guard = aGuard();
    await failTimes(guard, 10);
    let asked = 0;
    const error = await caught(
      guard.run(
        async () => {
          asked += 1;
        },
        { signal: undefined },
      ),
    );
    expect(asked).to.equal(0);
    expect(error).to.be.instanceOf(Unavailable);
    expect(error).to.have.property('retryAfterSeconds', 5);
  });

  it('takes any answer for a sign of life', async () => {
    const guard = aGuard();
    await failTimes(guard, 9);
    await guard.run(async () => ({ status: 500 }), { signal: undefined });
    await failTimes(guard, 9);
    expect(await isResting(guard)).to.equal(false);
  });

  it('asks once after the rest, and goes on when that is answered', async () => {
    const guard = aGuard(10);
    await failTimes(guard, 10);
    now += 5000;
    const trial = Promise.withResolvers<string>();
    const tried = guard.run(() => trial.promise, { signal: undefined });
    expect(await isResting(guard), 'while it is tried').to.equal(true);
    trial.resolve('answer');
    await tried;
    expect(await isResting(guard)).to.equal(false);
  });

  it('rests again when that fails, too', async () => {
    const guard = aGuard();
    await failTimes(guard, 10);
    now += 5000;
    await failTimes(guard, 1);
    now += 4999;
    expect(await isResting(guard)).to.equal(true);
  });

  it('counts neither what an API answers nor who went away', async () => {
    const guard = aGuard();
    for (let i = 0; i < 20; i += 1) {
      await caught(guard.run(fails, { signal: AbortSignal.abort() }));
      await caught(
        guard.run(
          async () => {
            throw new ApiFailed('Todos sent too much.');
          },
          { signal: undefined },
        ),
      );
    }
    expect(await isResting(guard)).to.equal(false);
  });
});
