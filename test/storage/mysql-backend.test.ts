/** The store in MySQL and MariaDB: its URI, its database and table, other programs' locks, and what its numbers mean. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { expect } from 'chai';
import mysql from 'mysql2/promise';
import { Misconfigured, Unavailable } from '../../src/errors.ts';
import { mysqlFailure, mysqlRefusal } from '../../src/storage/mysql-failure.ts';
import { readMysqlUri } from '../../src/storage/mysql-uri.ts';
import { openStorage } from '../../src/storage/open-storage.ts';
import type { TableName } from '../../src/storage/sql-table.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { caught, caughtAfter } from '../support/caught.ts';
import { makeCertificates } from '../support/certificates.ts';
import type { DatabaseServer } from '../support/database-process.ts';
import { type LogLines, logLines } from '../support/log-lines.ts';
import { startMariadbServer } from '../support/mariadb-server.ts';
import { aFolder } from '../support/site-process.ts';

const MINUTE_MS = 60_000;
const NAME = 'concierge:{1}:session';

describe('openMysql', () => {
  const certificates = makeCertificates();
  let server: DatabaseServer;
  let lines: LogLines;
  let opened: Storage[];
  const open = async (uri = server.uri, table: TableName = {}) => {
    const storage = await openStorage(uri, { log: lines.log, now: Date.now, ...table });
    opened.push(storage);
    return storage;
  };

  before(async function () {
    this.timeout(60_000);
    server = await startMariadbServer([], certificates);
  });
  beforeEach(() => {
    opened = [];
    lines = logLines();
  });
  afterEach(async () => {
    for (const one of opened) await one.close();
  });
  after(() => server.stop());

  it('keeps its records in the database and the table that are named', async () => {
    server.sql('CREATE DATABASE Web');
    const uri = server.uri.replace(/\/concierge$/, '');
    const storage = await open(uri, { schemaName: 'Web', tableName: '_Tokens' });
    const same = await open();
    await storage.set(NAME, 'a', MINUTE_MS);
    await same.set(NAME, 'b', MINUTE_MS);
    expect(await storage.get(NAME)).to.equal('a');
    expect(server.sql('SELECT name FROM Web._Tokens')).to.equal(NAME);
  });

  it('needs a database', async () => {
    const error = await caught(open('mysql://root@127.0.0.1'));
    expect(error).to.be.instanceOf(Misconfigured);
    expect(error).to.have.property('message').that.includes('names no database');
  });

  it('waits a second for a lock, and then has surely done nothing', async () => {
    const storage = await open();
    await storage.set(NAME, 'a', MINUTE_MS);
    const other = await mysql.createConnection(server.uri);
    await other.query('BEGIN');
    await other.query('SELECT * FROM concierge_records FOR UPDATE');
    const { error, tookMs } = await caughtAfter(() => storage.replace(NAME, 'a', 'b', MINUTE_MS));
    expect(error).to.be.instanceOf(Unavailable).and.include({ outcome: 'not-done' });
    expect(tookMs).to.be.below(1500);
    expect(lines.of('store_failed')[0]).to.include({ reason: '1205 ER_LOCK_WAIT_TIMEOUT' });
    await other.end();
    expect(await storage.get(NAME)).to.equal('a');
    expect(await storage.replace(NAME, 'a', 'b', MINUTE_MS)).to.equal('replaced');
  });

  it('speaks TLS to an address too, when no name is to be verified', async () => {
    const ca = encodeURIComponent(certificates.caFile);
    const storage = await open(`${server.uri}?ssl-mode=VERIFY_CA&ssl-ca=${ca}`);
    await storage.set(NAME, 'secret', MINUTE_MS);
    expect(await storage.get(NAME)).to.equal('secret');
    const wrong = encodeURIComponent(makeCertificates().caFile);
    const other = await open(`${server.uri}?ssl-mode=VERIFY_CA&ssl-ca=${wrong}`);
    expect(await caught(other.get(NAME))).to.be.instanceOf(Unavailable);
  });

  it('speaks TLS to a server that takes nothing else', async () => {
    server.sql(`CREATE USER tls IDENTIFIED BY 'tls' REQUIRE SSL;
      GRANT ALL ON concierge.* TO tls`);
    const uri = server.uri.replace('root@127.0.0.1', 'tls:tls@localhost');
    const plain = await open(uri);
    expect(await caught(plain.ping())).to.include({ state: 'refused' });
    const secure = await open(`${uri}?ssl-ca=${encodeURIComponent(certificates.caFile)}`);
    await secure.ping();
  });

  describe('reads a URI', () => {
    it('with all its parts', () => {
      const uri = 'mysql://me:p%40ss%3Aword@db.example:3307/records';
      expect(readMysqlUri(uri)).to.deep.equal({
        host: 'db.example',
        port: 3307,
        user: 'me',
        password: 'p@ss:word',
        database: 'records',
        ssl: undefined,
        label: 'mysql://db.example:3307/records',
      });
    });

    it('with the usual port, and an IPv6 address', () => {
      expect(readMysqlUri('mysql://[::1]/db')).to.include({ host: '::1', port: 3306, user: '' });
    });

    it('with certificates', () => {
      const file = join(aFolder(), 'a b.pem');
      writeFileSync(file, 'PEM');
      const name = encodeURIComponent(file);
      const { ssl } = readMysqlUri(
        `mysql://h/db?ssl-mode=verify_identity&ssl-ca=${name}&ssl-cert=${name}&ssl-key=${name}`,
      );
      expect(ssl).to.deep.equal({ ca: 'PEM', cert: 'PEM', key: 'PEM', verifyIdentity: true });
    });

    for (const [query, verifyIdentity] of [
      ['?ssl-mode=VERIFY_IDENTITY', true],
      ['?ssl-mode=VERIFY_CA', false],
    ] as const) {
      it(`with ${query} as one that trusts public authorities`, () => {
        expect(readMysqlUri(`mysql://h/db${query}`).ssl).to.deep.equal({ verifyIdentity });
      });
    }

    it('with TLS turned off', () => {
      expect(readMysqlUri('mysql://h/db?ssl-mode=DISABLED').ssl).to.equal(undefined);
    });

    for (const [uri, message] of [
      ['mysql://', 'write it like mysql://<user>'],
      ['mysql://me:hidden-word@/db', 'write it like mysql://<user>'],
      ['mysql://h/d%b?x=hidden-word', 'write it like mysql://<user>'],
      ['mysql://h/db?ssl-mode=REQUIRED', 'one of DISABLED, VERIFY_CA, VERIFY_IDENTITY'],
      ['mysql://h/db?ssl-mode=hidden-word', 'one of DISABLED, VERIFY_CA, VERIFY_IDENTITY'],
      ['mysql://h/db?ssl-ca=/hidden-word', 'the file of ssl-ca cannot be read'],
      ['mysql://h/db?ssl-key=/hidden-word', 'the file of ssl-key cannot be read'],
      ['mysql://h/db?flags=-hidden-word', 'no attributes but ssl-mode, ssl-ca'],
      ['mysql://10.0.0.1/db?ssl-mode=VERIFY_IDENTITY', 'needs the host’s name'],
      ['mysql://[::1]/db?ssl-mode=VERIFY_IDENTITY', 'needs the host’s name'],
    ] as const) {
      it(`and refuses ${uri}`, () => {
        expect(() => readMysqlUri(uri))
          .to.throw(Misconfigured, message)
          .that.satisfies((error: unknown) => !inspect(error).includes('hidden-word'));
      });
    }
  });

  describe('explains', () => {
    const answer = (errno: number) => Object.assign(new Error('secret'), { errno, code: 'ER_X' });
    for (const [number, outcome, state] of [
      [1290, 'not-done', 'readonly'],
      [1792, 'not-done', 'readonly'],
      [1836, 'not-done', 'readonly'],
      [1114, 'not-done', 'full'],
      [1021, 'not-done', 'full'],
      [1045, 'not-done', 'refused'],
      [1044, 'not-done', 'refused'],
      [1142, 'not-done', 'refused'],
      [1049, 'not-done', 'refused'],
      [1040, 'not-done', 'down'],
      [1062, 'not-done', 'down'],
      [1053, 'unknown', 'down'],
      [1180, 'unknown', 'down'],
      [1927, 'unknown', 'down'],
    ] as const) {
      it(`${number} as ${outcome}, ${state}`, () => {
        const failure = mysqlFailure(answer(number));
        expect(failure).to.include({ reason: `${number} ER_X`, outcome, state, mend: undefined });
        expect(mysqlRefusal(answer(number))).to.include({ outcome: 'not-done', state });
      });
    }

    it('failures of the system, whose numbers are negative', () => {
      const error = Object.assign(new Error('secret'), { errno: -104, code: 'ECONNRESET' });
      expect(mysqlFailure(error)).to.include({ reason: 'ECONNRESET', outcome: 'unknown' });
      expect(mysqlRefusal(error)).to.include({ reason: 'ECONNRESET', outcome: 'not-done' });
    });

    it('what has no code, in words of ours', () => {
      const error = new Error('secret');
      expect(mysqlFailure(error)).to.include({ reason: 'connection lost', outcome: 'unknown' });
      expect(mysqlRefusal(error)).to.include({ reason: 'not connected', outcome: 'not-done' });
    });

    it('lost races as to be tried again, and an absent table as to be made', () => {
      for (const number of [1020, 1205, 1213, 3101]) {
        expect(mysqlFailure(answer(number))).to.include({ mend: 'again', outcome: 'not-done' });
      }
      expect(mysqlFailure(answer(1146))).to.include({ mend: 'create', outcome: 'not-done' });
    });
  });
});
