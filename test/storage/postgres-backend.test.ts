/** The store in PostgreSQL: its schema and table, other programs' locks, and what its codes mean. */
import { expect } from 'chai';
import pg from 'pg';
import { systemClock } from '../../src/clock.ts';
import { Unavailable } from '../../src/errors.ts';
import { openStorage } from '../../src/storage/open-storage.ts';
import { postgresFailure, postgresRefusal } from '../../src/storage/postgres-failure.ts';
import type { TableName } from '../../src/storage/sql-table.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { StoreUnavailable } from '../../src/storage/store-unavailable.ts';
import { caught, caughtAfter } from '../support/caught.ts';
import type { DatabaseServer } from '../support/database-process.ts';
import { type LogLines, logLines } from '../support/log-lines.ts';
import { startPostgresServer } from '../support/postgres-server.ts';

const MINUTE_MS = 60_000;
const NAME = 'concierge:{1}:session';

describe('openPostgres', () => {
  let server: DatabaseServer;
  let lines: LogLines;
  let opened: Storage[];
  /** Another program. */
  let other: pg.Client;
  const open = async (uri = server.uri, table: TableName = {}) => {
    const storage = await openStorage(uri, { log: lines.log, now: Date.now, ...table });
    opened.push(storage);
    return storage;
  };

  before(async function () {
    this.timeout(60_000);
    server = await startPostgresServer();
    other = new pg.Client(server.uri);
    await other.connect();
  });
  beforeEach(() => {
    opened = [];
    lines = logLines();
  });
  afterEach(async () => {
    await other.query('ROLLBACK');
    for (const one of opened) await one.close();
  });
  after(async () => {
    await other.end();
    await server.stop();
  });

  const waiting = () =>
    Number(server.sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"));

  it('takes the longer name of the scheme', async () => {
    const storage = await open(server.uri.replace('postgres:', 'postgresql:'));
    await storage.set(NAME, 'a', MINUTE_MS);
    expect(storage.label).to.equal(`postgresql://127.0.0.1:${server.port}/postgres`);
  });

  it('keeps its records in the schema and the table that are named', async () => {
    server.sql('CREATE SCHEMA "Web"');
    const storage = await open(server.uri, { schemaName: 'Web', tableName: '_Tokens' });
    const same = await open(server.uri);
    await storage.set(NAME, 'a', MINUTE_MS);
    await same.set(NAME, 'b', MINUTE_MS);
    expect(await storage.get(NAME)).to.equal('a');
    expect(server.sql('SELECT name FROM "Web"."_Tokens"')).to.equal(NAME);
    const indexes = server.sql(
      `SELECT indexname FROM pg_indexes WHERE schemaname = 'Web' ORDER BY 1`,
    );
    expect(indexes.split('\n')).to.deep.equal(['_Tokens_expiry', '_Tokens_pkey']);
  });

  it('alarms the operator of a schema that is not there', async () => {
    const storage = await open(server.uri, { schemaName: 'nowhere' });
    const error = await caught(storage.set(NAME, 'a', MINUTE_MS));
    expect(error).to.be.instanceOf(StoreUnavailable).and.include({ state: 'refused' });
    expect(lines.of('store_password_refused')[0]).to.include({ reason: '3F000' });
  });

  it('alarms the operator of a password that is asked for and not given', async () => {
    server.sql('CREATE ROLE site LOGIN');
    const storage = await open(server.uri.replace('postgres@', 'site@'));
    const error = await caught(storage.get(NAME));
    expect(error).to.be.instanceOf(StoreUnavailable).and.include({ state: 'refused' });
    expect(lines.of('database_failed')[0]).to.include({ reason: 'SASL' });
  });

  it('waits for no lock longer than 1.5 s, and leaves nothing waiting on the server', async () => {
    const storage = await open();
    await storage.set(NAME, 'a', MINUTE_MS);
    await other.query('BEGIN');
    await other.query('SELECT * FROM concierge_records FOR UPDATE');
    const { error, tookMs } = await caughtAfter(() => storage.replace(NAME, 'a', 'b', MINUTE_MS));
    expect(error).to.be.instanceOf(Unavailable).and.include({ outcome: 'unknown' });
    expect(tookMs).to.be.below(1500);
    expect(lines.of('database_failed')[0]).to.include({ reason: 'silent' });
    while (waiting() > 0) await systemClock.sleep(10);
    await other.query('ROLLBACK');
    while ((await storage.get(NAME).catch(() => undefined)) === undefined)
      await systemClock.sleep(5);
    expect(await storage.get(NAME)).to.equal('a');
    expect(await storage.replace(NAME, 'a', 'b', MINUTE_MS)).to.equal('replaced');
  });

  it('sweeps past rows that another program holds', async () => {
    const storage = await open();
    await storage.ping();
    server.sql(`INSERT INTO concierge_records
      SELECT n, 'a', now() - interval '1 second' FROM generate_series(1, 3) AS n`);
    await other.query('BEGIN');
    await other.query("SELECT * FROM concierge_records WHERE name = '2' FOR UPDATE");
    await open();
    const expired = () =>
      server.sql('SELECT name FROM concierge_records WHERE expires_at <= now()').split('\n');
    while (expired().length > 1) await systemClock.sleep(10);
    expect(expired()).to.deep.equal(['2']);
    expect(lines.of('store_sweep_failed')).to.be.empty;
  });

  it('does not know what became of a statement whose connection the server ended', async () => {
    const storage = await open();
    await storage.set(NAME, 'a', MINUTE_MS);
    await other.query('BEGIN');
    await other.query('SELECT * FROM concierge_records FOR UPDATE');
    const error = caught(storage.replace(NAME, 'a', 'b', MINUTE_MS));
    while (waiting() === 0) await systemClock.sleep(5);
    server.sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE wait_event_type = 'Lock'`);
    expect(await error)
      .to.be.instanceOf(Unavailable)
      .and.include({ outcome: 'unknown' });
    expect(lines.of('store_failed')[0]).to.include({ reason: '57P01' });
  });

  describe('explains', () => {
    const answer = (code: string) => Object.assign(new Error('secret'), { code });
    for (const [code, outcome, state] of [
      ['25006', 'not-done', 'readonly'],
      ['53100', 'not-done', 'full'],
      ['53200', 'not-done', 'full'],
      ['28P01', 'not-done', 'refused'],
      ['28000', 'not-done', 'refused'],
      ['42501', 'not-done', 'refused'],
      ['3D000', 'not-done', 'refused'],
      ['53300', 'not-done', 'down'],
      ['57014', 'not-done', 'down'],
      ['22001', 'not-done', 'down'],
      ['57P01', 'unknown', 'down'],
      ['08006', 'unknown', 'down'],
      ['40003', 'unknown', 'down'],
      ['XX000', 'unknown', 'down'],
      ['ECONNRESET', 'unknown', 'down'],
    ] as const) {
      it(`${code} as ${outcome}, ${state}`, () => {
        const failure = postgresFailure(answer(code));
        expect(failure).to.include({ reason: code, outcome, state, mend: undefined });
        expect(postgresRefusal(answer(code))).to.include({ outcome: 'not-done', state });
      });
    }

    it('what has no code, in words of ours', () => {
      const error = new Error('secret');
      expect(postgresFailure(error)).to.include({ reason: 'connection lost', outcome: 'unknown' });
      expect(postgresRefusal(error)).to.include({ reason: 'not connected', outcome: 'not-done' });
    });

    it('lost races as to be tried again, and an absent table as to be made', () => {
      for (const code of ['40001', '40P01', '23505', '42710', '42P07']) {
        expect(postgresFailure(answer(code))).to.include({ mend: 'again', outcome: 'not-done' });
      }
      expect(postgresFailure(answer('42P01'))).to.include({ mend: 'create', outcome: 'not-done' });
    });
  });
});
