/** The pool of connections to a database: who waits, who is turned away, and what is ended when. */
import { expect } from 'chai';
import { systemClock } from '../../src/clock.ts';
import type { OpenConnection, SqlConnection } from '../../src/storage/sql-connection.ts';
import { SqlError } from '../../src/storage/sql-error.ts';
import { SqlPool } from '../../src/storage/sql-pool.ts';
import { caught } from '../support/caught.ts';
import { type LogLines, logLines } from '../support/log-lines.ts';

const NO_ROOM = new SqlError({ code: 'no room' });

/** A connection in the hands of a test. */
class HandMade implements SqlConnection {
  readonly ready: Promise<void>;
  readonly onLost: () => void;
  isEnded = false;
  isDestroyed = false;

  constructor(ready: Promise<void>, onLost: () => void) {
    this.ready = ready;
    this.onLost = onLost;
  }

  run: SqlConnection['run'] = async () => ({ rows: [], changes: 0 });

  end(): void {
    this.isEnded = true;
    setImmediate(this.onLost);
  }

  destroy(): void {
    this.isDestroyed = true;
    setImmediate(this.onLost);
  }
}

describe('SqlPool', () => {
  let made: HandMade[];
  /** How the next connections are made. */
  let connect: () => Promise<void>;
  let run: SqlConnection['run'];
  let lines: LogLines;
  let pool: SqlPool;

  const aPool = async (idleMs = 60_000) => {
    const open: OpenConnection = (onLost) => {
      const connection = new HandMade(connect(), onLost);
      connection.run = run;
      made.push(connection);
      return connection;
    };
    const random = () => 0;
    pool = new SqlPool({ open, label: 'sql:', log: lines.log, random, idleMs });
    await pool.start();
  };
  beforeEach(() => {
    made = [];
    connect = async () => undefined;
    run = async () => ({ rows: [], changes: 0 });
    lines = logLines();
  });
  afterEach(() => pool.close());

  /** Holds a connection until it is let go. */
  const hold = (limitMs = 1000) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const done = pool.use(AbortSignal.timeout(limitMs), () => promise);
    done.catch(() => undefined);
    return { done, free: resolve, fail: reject };
  };
  const now = () => AbortSignal.timeout(1000);
  const nothing = async () => undefined;
  const turns = () => systemClock.sleep(5);

  it('opens a connection only when none is free, and ten at most', async () => {
    await aPool();
    for (let time = 0; time < 3; time += 1) await pool.use(now(), nothing);
    expect(made).to.have.length(1);
    const held = Array.from({ length: 12 }, () => hold());
    await turns();
    expect(made).to.have.length(10);
    for (const { free } of held) free();
    await Promise.all(held.map(({ done }) => done));
  });

  it('gives a free connection to who waits longest', async () => {
    await aPool();
    const held = Array.from({ length: 10 }, () => hold());
    await turns();
    const order: number[] = [];
    const waiting = [1, 2, 3].map((i) => pool.use(now(), async () => order.push(i)));
    await turns();
    expect(order).to.deep.equal([]);
    held[0]?.free();
    await Promise.all(waiting);
    expect(order).to.deep.equal([1, 2, 3]);
    for (const { free } of held) free();
  });

  it('turns away who waited for a free connection until the limit, as not done', async () => {
    await aPool();
    const held = Array.from({ length: 10 }, () => hold());
    await turns();
    const error = await caught(pool.use(AbortSignal.timeout(20), nothing));
    expect(error).to.include({ code: 'no connection was free', outcome: 'not-done' });
    pool.assertReady();
    for (const { free } of held) free();
    await pool.use(now(), nothing);
  });

  it('leaves time to work for what waited long for its turn', async () => {
    await aPool();
    const held = Array.from({ length: 10 }, () => hold());
    await turns();
    const error = await caught(pool.use(now(), nothing, AbortSignal.timeout(20)));
    expect(error).to.include({ code: 'no connection was free', outcome: 'not-done' });
    pool.assertReady();
    for (const { free } of held) free();
    await pool.use(now(), nothing, now());
  });

  it('turns away more than a thousand that wait', async () => {
    await aPool();
    const held = Array.from({ length: 10 }, () => hold());
    await turns();
    const waiting = Array.from({ length: 1000 }, () => pool.use(now(), nothing));
    expect(await caught(pool.use(now(), nothing))).to.include({ code: 'too many wait' });
    for (const { free } of held) free();
    await Promise.all(waiting);
  });

  it('keeps a connection whose statement was refused, and breaks one that failed', async () => {
    await aPool();
    const refused = hold();
    await turns();
    refused.fail(new SqlError({ code: 'no such column' }));
    await caught(refused.done);
    expect(made[0]).to.include({ isEnded: false, isDestroyed: false });
    for (const failure of [
      new SqlError({ code: 'lost', outcome: 'unknown' }),
      new Error('a bug'),
    ]) {
      const failed = hold();
      await turns();
      failed.fail(failure);
      expect(await caught(failed.done)).to.equal(failure);
      expect(made.at(-1)).to.include({ isDestroyed: true });
    }
    await pool.use(now(), nothing);
    expect(made).to.have.length(3);
  });

  it('takes silence for an outage: fails all at once, gives up all connections, asks again', async () => {
    await aPool();
    const [silent, slow] = [hold(30), hold()];
    const free = hold();
    await turns();
    free.free();
    await free.done;
    connect = () => Promise.reject(new SqlError({ code: 'refused' }));
    const error = await caught(silent.done);
    expect(error).to.include({ code: 'silent', outcome: 'unknown' });
    expect(() => pool.assertReady())
      .to.throw(SqlError)
      .that.includes({ code: 'silent', outcome: 'not-done' });
    expect(made.map(({ isDestroyed }) => isDestroyed)).to.deep.equal([true, false, true]);
    // One that answers after all is not kept: the server may be another by now.
    slow.free();
    await slow.done;
    expect(made[1]).to.include({ isEnded: true });
    connect = async () => undefined;
    while (lines.of('database_ready').length < 2) await turns();
    await pool.use(now(), nothing);
    expect(lines.of('database_failed')[0]).to.include({ reason: 'silent' });
  });

  it('makes do with the connections it has where the server has no more', async () => {
    await aPool();
    connect = () => Promise.reject(NO_ROOM);
    const first = hold();
    const waiting = Array.from({ length: 5 }, () => pool.use(now(), nothing));
    await turns();
    expect(made.length, 'it is not asked again and again').to.be.below(8);
    const asked = made.length;
    await turns();
    expect(made).to.have.length(asked);
    first.free();
    await Promise.all(waiting);
    expect(lines.of('database_failed').map(({ reason }) => reason)).to.deep.equal(['no room']);
  });

  it('takes a connection that failed, and nobody waits for any more, for no outage', async () => {
    await aPool();
    const { promise: isMade, reject } = Promise.withResolvers<void>();
    connect = () => isMade;
    const busy = hold();
    const work = pool.use(now(), nothing);
    await turns();
    busy.free();
    await work;
    made[0]?.onLost();
    reject(new SqlError({ code: 'lost' }));
    await turns();
    connect = async () => undefined;
    await pool.use(now(), nothing);
    expect(lines.of('database_failed')).to.be.empty;
  });

  it('is away when the last connection is lost where the server has no more', async () => {
    await aPool();
    connect = () => Promise.reject(NO_ROOM);
    const first = hold();
    const waiting = caught(pool.use(AbortSignal.timeout(500), nothing));
    await turns();
    first.fail(new SqlError({ code: 'lost', outcome: 'unknown' }));
    expect(await waiting).to.include({ code: 'no room' });
    expect(() => pool.assertReady()).to.throw('no room');
  });

  it('ends what nobody has needed for a while', async () => {
    await aPool(30);
    const held = [hold(), hold(), hold()];
    await turns();
    for (const { free } of held) free();
    await Promise.all(held.map(({ done }) => done));
    expect(made).to.have.length(3);
    const countEnded = () => made.filter(({ isEnded }) => isEnded).length;
    while (countEnded() < 2) await pool.use(now(), nothing).then(turns);
    expect(made).to.have.length(3);
    while (countEnded() < 3) await turns();
    await pool.use(now(), nothing);
    expect(made).to.have.length(4);
  });

  it('connects anew at most once a second', async () => {
    await aPool();
    const busy = hold();
    await turns();
    await pool.use(now(), nothing);
    pool.renew();
    expect(made.map(({ isEnded }) => isEnded)).to.deep.equal([false, true]);
    busy.free();
    await busy.done;
    expect(made[0]).to.include({ isEnded: true });
    await pool.use(now(), nothing);
    pool.renew();
    expect(made[2]).to.include({ isEnded: false });
  });

  it('connects anew in place of a connection that was being made just then', async () => {
    await aPool();
    const busy = hold();
    await turns();
    const { promise: isMade, resolve: make } = Promise.withResolvers<void>();
    connect = () => isMade;
    const work = pool.use(now(), nothing);
    await turns();
    connect = async () => undefined;
    pool.renew();
    make();
    await work;
    expect(made.map(({ isEnded }) => isEnded)).to.deep.equal([false, true, false]);
    busy.free();
  });

  it('ends all when it is closed, whoever is served or waits', async () => {
    await aPool();
    const held = Array.from({ length: 9 }, () => hold());
    await turns();
    await pool.use(now(), nothing);
    const tenth = hold();
    const waiting = caught(pool.use(now(), nothing));
    await turns();
    pool.close();
    expect(await waiting).to.include({ code: 'closed', outcome: 'not-done' });
    expect(made.every(({ isDestroyed }) => isDestroyed)).to.equal(true);
    expect(await caught(pool.use(now(), nothing))).to.include({ code: 'closed' });
    for (const { free } of [...held, tenth]) free();
    await turns();
    expect(made).to.have.length(10);
  });

  it('is away behind something that lets it connect, and answers nothing', async () => {
    run = () => new Promise(() => undefined);
    await aPool();
    expect(() => pool.assertReady())
      .to.throw(SqlError)
      .that.includes({ code: 'silent', outcome: 'not-done' });
    expect(made[0]).to.include({ isDestroyed: true });
  });

  it('gives up a connection that is not made within a second', async () => {
    await aPool();
    made[0]?.onLost();
    connect = () => new Promise(() => undefined);
    const error = await caught(pool.use(AbortSignal.timeout(1400), nothing));
    expect(error).to.include({ code: 'ETIMEDOUT', outcome: 'not-done' });
    expect(made[1]).to.include({ isDestroyed: true });
  });
});
