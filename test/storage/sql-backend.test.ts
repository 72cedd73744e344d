/** The store in a database, whichever: what it tries again and when, and when it is swept. */
import { mock } from 'node:test';
import { expect } from 'chai';
import { systemClock } from '../../src/clock.ts';
import { SqlBackend } from '../../src/storage/sql-backend.ts';
import { SqlError } from '../../src/storage/sql-error.ts';
import type { SqlTable } from '../../src/storage/sql-table.ts';
import { caught } from '../support/caught.ts';
import { logLines } from '../support/log-lines.ts';

const NOTHING = { rows: [], changes: 0 };
const MINUTE_MS = 60_000;

describe('SqlBackend', () => {
  let backend: SqlBackend;

  const start = async (table: Partial<SqlTable>, random = () => 0.5) => {
    const none: SqlTable = {
      create: async () => undefined,
      get: async () => undefined,
      set: async () => undefined,
      delete: async () => false,
      insert: async () => false,
      update: async () => false,
      remove: async () => false,
      sweep: async () => 0,
      list: async () => [],
      deleteAll: async () => 0,
    };
    backend = await SqlBackend.start({
      label: 'sql:',
      table: { ...none, ...table },
      open: () => ({
        ready: Promise.resolve(),
        run: async () => NOTHING,
        end: () => undefined,
        destroy: () => undefined,
      }),
      log: logLines().log,
      random,
    });
  };
  afterEach(() => backend.close());

  it('tries a lost race again, some twenty times', async () => {
    let tries = 0;
    let won = 10;
    const insert = async () => {
      tries += 1;
      if (tries < won) throw new SqlError({ code: 'race', mend: 'again' });
      return true;
    };
    await start({ insert }, () => 0);
    expect(await backend.replace('a', undefined, 'b', 1)).to.equal('replaced');
    [tries, won] = [0, 1000];
    expect(await caught(backend.replace('a', undefined, 'b', 1))).to.include({ code: 'race' });
    expect(tries).to.be.within(10, 20);
  });

  it('tries nothing again that took so long that its end might not be heard of', async () => {
    let tries = 0;
    await start({
      insert: async () => {
        tries += 1;
        await systemClock.sleep(600);
        throw new SqlError({ code: 'lock', mend: 'again' });
      },
    });
    const error = await caught(backend.replace('a', undefined, 'b', 1));
    expect(error).to.include({ code: 'lock', outcome: 'not-done' });
    expect(tries).to.equal(1);
  });

  it('tries nothing again that may have been done, or failed for good', async () => {
    let tries = 0;
    let failure = new SqlError({ code: 'lost', outcome: 'unknown' });
    await start({
      remove: async () => {
        tries += 1;
        throw failure;
      },
    });
    expect(await caught(backend.replace('a', 'b', undefined, 1))).to.equal(failure);
    failure = new SqlError({ code: 'no room', state: 'full' });
    expect(await caught(backend.replace('a', 'b', undefined, 1))).to.equal(failure);
    expect(tries).to.equal(2);
  });

  it('tries a read again whose connection was lost, and none that met silence', async () => {
    let tries = 0;
    let code = 'lost';
    const get = async () => {
      tries += 1;
      if (tries < 5) throw new SqlError({ code, outcome: 'unknown' });
      return 'a';
    };
    await start({ get });
    expect(await backend.get('a')).to.equal('a');
    [tries, code] = [0, 'silent'];
    expect(await caught(backend.get('a'))).to.include({ code });
    expect(tries).to.equal(1);
  });

  it('makes an absent table once for all that wait for it', async () => {
    let made = 0;
    await start({
      get: async () => {
        if (made === 0) throw new SqlError({ code: 'no table', mend: 'create' });
        return 'a';
      },
      create: async () => {
        await systemClock.sleep(10);
        made += 1;
      },
    });
    const values = await Promise.all(Array.from({ length: 10 }, () => backend.get('a')));
    expect(values).to.deep.equal(Array(10).fill('a'));
    expect(made).to.equal(1);
  });

  it('takes a table for made that another process made in the same moment', async () => {
    let isThere = false;
    await start({
      get: async () => {
        if (!isThere) throw new SqlError({ code: 'no table', mend: 'create' });
        return 'a';
      },
      create: async () => {
        isThere = true;
        throw new SqlError({ code: 'there', mend: 'again' });
      },
    });
    expect(await backend.get('a')).to.equal('a');
  });

  it('says why it can make no table', async () => {
    await start({
      get: async () => {
        throw new SqlError({ code: 'no table', mend: 'create' });
      },
      create: async () => {
        throw new SqlError({ code: 'no right', state: 'refused' });
      },
    });
    expect(await caught(backend.get('a'))).to.include({ code: 'no right' });
  });

  it('is swept at the start and every nine to eleven minutes, until it is closed', async () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    try {
      for (const [random, pauseMs] of [
        [0, 9 * MINUTE_MS],
        [1, 11 * MINUTE_MS],
      ] as const) {
        let sweeps = 0;
        const sweep = async () => {
          sweeps += 1;
          return 0;
        };
        const turn = () => new Promise(setImmediate);
        await start({ sweep }, () => random);
        await turn();
        expect(sweeps).to.equal(1);
        mock.timers.tick(pauseMs - 1);
        await turn();
        expect(sweeps).to.equal(1);
        mock.timers.tick(1);
        await turn();
        expect(sweeps).to.equal(2);
        backend.close();
        mock.timers.tick(2 * pauseMs);
        await turn();
        expect(sweeps).to.equal(2);
      }
    } finally {
      mock.timers.reset();
    }
  });
});
