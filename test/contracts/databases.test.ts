/** What a store in a database promises beside what every store does, held on real PostgreSQL and MariaDB. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { inspect } from 'node:util';
import { expect } from 'chai';
import { systemClock } from '../../src/clock.ts';
import { Misconfigured, Unavailable } from '../../src/errors.ts';
import { openStorage } from '../../src/storage/open-storage.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { StoreUnavailable } from '../../src/storage/store-unavailable.ts';
import { caught, caughtAfter } from '../support/caught.ts';
import { makeCertificates } from '../support/certificates.ts';
import { countUp } from '../support/count-up.ts';
import type { DatabaseServer } from '../support/database-process.ts';
import { ERROR, type LogLines, logLines, WARN } from '../support/log-lines.ts';
import { type LosingProxy, startLosingProxy } from '../support/losing-proxy.ts';
import { startMariadbServer } from '../support/mariadb-server.ts';
import { startPostgresServer } from '../support/postgres-server.ts';
import { freePort } from '../support/site-process.ts';

const MINUTE_MS = 60_000;
const SHORT_MS = 150;
const NAME = 'concierge:{1}:session';
/** What every operation promises, down or frozen. */
const LIMIT_MS = 1500;

interface Dialect {
  readonly start: typeof startPostgresServer;
  /** What a server may have as its defaults, and a store must not depend on. */
  readonly odd: readonly string[];
  /** For new connections: the strictest isolation, or the usual one. */
  setSerializable(server: DatabaseServer, isSerializable: boolean): void;
  limitConnections(server: DatabaseServer, name: string, count: number): void;
  /** Gives a user, whose password is the same word, all rights or those to the rows of the table. */
  addUser(server: DatabaseServer, name: string, rights: 'all' | 'rows'): void;
  setPassword(server: DatabaseServer, name: string, password: string): void;
  setReadOnly(server: DatabaseServer, isReadOnly: boolean): void;
  /** Makes the server take writes for ones that find the disk full. */
  setFull(server: DatabaseServer, isFull: boolean): void;
  /** Adds records that have expired. */
  addExpired(server: DatabaseServer, count: number): void;
  /** Of the site, without the one that asks. */
  countConnections(server: DatabaseServer): number;
  endConnections(server: DatabaseServer): void;
  /** What the log says of the password, of rights, of a write to a read-only server, of a full disk. */
  readonly reasons: {
    readonly password: string;
    readonly rights: string;
    readonly database: string;
    readonly readOnly: string;
    readonly full: string;
  };
  /** Speaks TLS to a server whose certificate an authority signed for its name. */
  tls(caFile: string): string;
}

const postgres: Dialect = {
  start: startPostgresServer,
  odd: ['timezone=America/New_York'],
  setSerializable: (server, isSerializable) => {
    const isolation = isSerializable ? 'serializable' : 'read committed';
    server.sql(`ALTER ROLE postgres SET default_transaction_isolation = '${isolation}'`);
  },
  limitConnections: (server, name, count) =>
    server.sql(`ALTER ROLE ${name} CONNECTION LIMIT ${count || -1}`),
  addUser: (server, name, rights) => {
    server.sql(`CREATE ROLE ${name} LOGIN PASSWORD '${name}'`);
    server.sql(`GRANT SELECT, INSERT, UPDATE, DELETE ON concierge_records TO ${name}`);
    if (rights === 'all') server.sql(`GRANT ALL ON SCHEMA public TO ${name}`);
  },
  setPassword: (server, name, word) => server.sql(`ALTER ROLE ${name} PASSWORD '${word}'`),
  setReadOnly: (server, isReadOnly) => {
    server.sql(`ALTER SYSTEM SET default_transaction_read_only = ${isReadOnly}`);
    server.sql('SELECT pg_reload_conf()');
  },
  setFull: (server, isFull) => {
    server.sql(
      isFull
        ? `CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql
           AS $$ BEGIN RAISE EXCEPTION USING ERRCODE = '53100'; END $$;
           CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON concierge_records
           EXECUTE FUNCTION full_disk()`
        : 'DROP FUNCTION full_disk CASCADE',
    );
  },
  addExpired: (server, count) => {
    server.sql(
      `INSERT INTO concierge_records SELECT 'expired' || n, 'a', now() - interval '1 second'
       FROM generate_series(1, ${count}) AS n`,
    );
  },
  countConnections: (server) =>
    Number(
      server.sql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'concierge'"),
    ),
  endConnections: (server) => {
    server.sql(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'concierge'`,
    );
  },
  reasons: {
    password: '28P01',
    rights: '42501',
    database: '3D000',
    readOnly: '25006',
    full: '53100',
  },
  tls: (caFile) => `?sslmode=verify-full&sslrootcert=${encodeURIComponent(caFile)}`,
};

const mariadb: Dialect = {
  start: startMariadbServer,
  odd: ['default-time-zone=-05:00', 'autocommit=0', 'sql-mode='],
  setSerializable: (server, isSerializable) => {
    server.sql(
      `SET GLOBAL tx_isolation = '${isSerializable ? 'SERIALIZABLE' : 'REPEATABLE-READ'}'`,
    );
    server.sql(`SET GLOBAL innodb_snapshot_isolation = ${isSerializable}`);
  },
  limitConnections: (server, name, count) =>
    server.sql(`ALTER USER ${name} WITH MAX_USER_CONNECTIONS ${count}`),
  addUser: (server, name, rights) => {
    const what = rights === 'all' ? 'ALL' : 'SELECT, INSERT, UPDATE, DELETE';
    server.sql(`CREATE USER ${name} IDENTIFIED BY '${name}'`);
    server.sql(
      `GRANT ${what} ON concierge.${rights === 'all' ? '*' : 'concierge_records'} TO ${name}`,
    );
  },
  setPassword: (server, name, word) => server.sql(`SET PASSWORD FOR ${name} = PASSWORD('${word}')`),
  setReadOnly: (server, isReadOnly) => server.sql(`SET GLOBAL read_only = ${isReadOnly}`),
  setFull: (server, isFull) => {
    for (const event of ['INSERT', 'UPDATE']) {
      server.sql(
        isFull
          ? `CREATE TRIGGER full_${event} BEFORE ${event} ON concierge_records FOR EACH ROW
             SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1114`
          : `DROP TRIGGER full_${event}`,
      );
    }
  },
  addExpired: (server, count) => {
    server.sql(
      `INSERT INTO concierge_records
       SELECT CONCAT('expired', seq), 'a', UTC_TIMESTAMP(3) - INTERVAL 1 SECOND
       FROM seq_1_to_${count}`,
    );
  },
  countConnections: (server) =>
    Number(
      server.sql(`SELECT COUNT(*) FROM information_schema.processlist
      WHERE command <> 'Daemon' AND id <> CONNECTION_ID()`),
    ),
  endConnections: (server) => {
    const ids = server.sql(`SELECT id FROM information_schema.processlist
      WHERE command = 'Sleep' AND id <> CONNECTION_ID()`);
    for (const id of ids.split('\n').filter(Boolean)) server.sql(`KILL CONNECTION ${id}`);
  },
  reasons: {
    password: '1045 ER_ACCESS_DENIED_ERROR',
    rights: '1142 ER_TABLEACCESS_DENIED_ERROR',
    database: '1049 ER_BAD_DB_ERROR',
    readOnly: '1290 ER_OPTION_PREVENTS_STATEMENT',
    full: '1114 ER_RECORD_FILE_FULL',
  },
  tls: (caFile) => `?ssl-mode=VERIFY_IDENTITY&ssl-ca=${encodeURIComponent(caFile)}`,
};

function operations(storage: Storage): [name: string, work: () => Promise<unknown>][] {
  return [
    ['get', () => storage.get(NAME)],
    ['set', () => storage.set(NAME, 'b', MINUTE_MS)],
    ['delete', () => storage.delete(NAME)],
    ['replace', () => storage.replace(NAME, 'a', 'b', MINUTE_MS)],
    ['erase', () => storage.erase()],
    ['ping', () => storage.ping()],
  ];
}

async function expectAllFail(storage: Storage, limitMs = LIMIT_MS): Promise<void> {
  await Promise.all(
    operations(storage).map(async ([name, work]) => {
      const { error, tookMs } = await caughtAfter(work);
      expect(error, name).to.be.instanceOf(Unavailable);
      expect(tookMs, name).to.be.below(limitMs);
    }),
  );
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await systemClock.sleep(10);
}

const works = (work: Promise<unknown>) =>
  work.then(
    () => true,
    () => false,
  );

/** Waits until it takes writes again, by itself. */
const recovery = (storage: Storage) => until(() => works(storage.ping()));

/** An address that takes no connection and refuses none: its queue of new ones is full. */
async function startDeafServer(): Promise<{ port: number; stop(): void }> {
  const script = `const server = require('node:net').createServer();
    server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
      process.stdout.write(String(server.address().port), () => process.kill(process.pid, 'SIGSTOP'));
    });`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [text]: unknown[] = await once(child.stdout, 'data');
  const port = Number(String(text));
  const sockets: Socket[] = Array.from({ length: 8 }, () => connect(port, '127.0.0.1'));
  for (const socket of sockets) socket.on('error', () => undefined);
  await systemClock.sleep(20);
  return {
    port,
    stop: () => {
      for (const socket of sockets) socket.destroy();
      child.kill('SIGKILL');
    },
  };
}

/** The same URI with other parts. */
function changed(uri: string, changes: { [part: string]: string }): string {
  return Object.assign(new URL(uri), changes).href;
}

const certificates = makeCertificates();
const elsewhere = makeCertificates('DNS:elsewhere.example');

for (const [title, dialect] of Object.entries({ 'postgres://': postgres, 'mysql://': mariadb })) {
  describe(`The database of ${title}`, () => {
    let server: DatabaseServer;
    /** With a user for the site, and a certificate for localhost. */
    let own: DatabaseServer;
    /** Of that user. */
    let uri: string;
    let lines: LogLines;
    let opened: Storage[];
    const open = async (
      uri: string,
      options: { now?: () => number; instanceName?: string } = {},
    ) => {
      const one = await openStorage(uri, { log: lines.log, now: Date.now, ...options });
      opened.push(one);
      return one;
    };
    const rows = (where = 'true') =>
      Number(server.sql(`SELECT count(*) FROM concierge_records WHERE ${where}`));

    before(async function () {
      this.timeout(60_000);
      [server, own] = await Promise.all([
        dialect.start(dialect.odd, elsewhere),
        dialect.start([], certificates),
      ]);
      for (const each of [server, own]) {
        const owner = await openStorage(each.uri, { log: logLines().log, now: Date.now });
        await owner.set(NAME, 'a', MINUTE_MS);
        await owner.close();
      }
      dialect.addUser(own, 'site', 'all');
      uri = changed(own.uri, { username: 'site', password: 'site' });
    });
    beforeEach(() => {
      opened = [];
      lines = logLines();
    });
    afterEach(async () => {
      for (const one of opened) await one.close();
      await server.start();
      server.sql('DELETE FROM concierge_records');
    });
    after(async () => {
      await Promise.all([server.stop(), own.stop()]);
    });

    const endAll = () =>
      until(() => {
        dialect.endConnections(server);
        return dialect.countConnections(server) === 0;
      });

    const run = async (at: string, times: number) => {
      const args = ['test/support/storage-process.ts', at, NAME, String(times)];
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'ignore'] });
      const [status]: unknown[] = await once(child, 'close');
      return status;
    };

    it('is given its table once, by processes that start together', async () => {
      server.sql('DROP TABLE concierge_records');
      const ends = Array.from({ length: 4 }, () => run(server.uri, 5));
      expect(await Promise.all(ends)).to.deep.equal([0, 0, 0, 0]);
      const storage = await open(server.uri);
      expect(await storage.get(NAME)).to.equal('20');
    });

    it('gets its table again when it was lost', async () => {
      const storages = await Promise.all(Array.from({ length: 8 }, () => open(server.uri)));
      await Promise.all(storages.map((storage) => storage.ping()));
      server.sql('DROP TABLE concierge_records');
      const adding = storages.flatMap((storage, i) =>
        ['a', 'b'].map((kind) => storage.replace(`${i}:${kind}`, undefined, 'c', MINUTE_MS)),
      );
      expect(new Set(await Promise.all(adding))).to.deep.equal(new Set(['replaced']));
      expect(rows()).to.equal(16);
      expect(lines.of('store_failed')).to.be.empty;
    });

    it('holds names, the bytes given and when they expire, and no more', async () => {
      const storage = await open(server.uri);
      await storage.set(NAME, 'sealed', MINUTE_MS);
      await storage.replace(NAME, 'sealed', 'sealed anew', MINUTE_MS);
      await storage.replace('concierge:{2}:account', undefined, '=', MINUTE_MS);
      const columns = server.sql(
        `SELECT column_name FROM information_schema.columns
         WHERE table_name = 'concierge_records' ORDER BY column_name`,
      );
      expect(columns.split('\n')).to.deep.equal(['expires_at', 'name', 'value']);
      const isHex = title === 'mysql://' ? 'hex(value)' : "upper(encode(value, 'hex'))";
      const held = server.sql(`SELECT name, ${isHex} FROM concierge_records ORDER BY name`);
      expect(held.split('\n')).to.deep.equal([
        `${NAME}|${Buffer.from('sealed anew').toString('hex').toUpperCase()}`,
        'concierge:{2}:account|3D',
      ]);
    });

    it('goes by its own clock, whatever those of the processes say', async () => {
      const ahead = await open(server.uri, { now: () => Date.now() + 2 * MINUTE_MS });
      const behind = await open(server.uri, { now: () => Date.now() - 2 * MINUTE_MS });
      for (const [one, other] of [
        [ahead, behind],
        [behind, ahead],
      ] as const) {
        await one.set(NAME, 'a', MINUTE_MS);
        expect(await other.get(NAME)).to.equal('a');
        expect(await other.replace(NAME, undefined, 'b', MINUTE_MS)).to.equal('conflict');
        expect(await other.replace(NAME, 'a', 'b', SHORT_MS)).to.equal('replaced');
        await systemClock.sleep(SHORT_MS + 50);
        for (const each of [one, other]) expect(await each.get(NAME)).to.equal(undefined);
        expect(await one.replace(NAME, 'b', 'c', MINUTE_MS)).to.equal('conflict');
        expect(await one.replace(NAME, undefined, 'c', MINUTE_MS)).to.equal('replaced');
      }
    });

    it('takes the same bytes again for replaced, however soon', async () => {
      const storage = await open(server.uri);
      await storage.set(NAME, 'a', MINUTE_MS);
      for (let time = 0; time < 50; time += 1) {
        expect(await storage.replace(NAME, 'a', 'a', MINUTE_MS)).to.equal('replaced');
      }
    });

    it('lets one of many add a record where one has expired', async () => {
      const [storage, other] = [await open(server.uri), await open(server.uri)];
      dialect.addExpired(server, 1);
      const adders = Array.from({ length: 20 }, (_, i) =>
        (i % 2 ? storage : other).replace('expired1', undefined, String(i), MINUTE_MS),
      );
      const outcomes = await Promise.all(adders);
      expect(outcomes.filter((outcome) => outcome === 'replaced')).to.have.length(1);
      expect(await storage.get('expired1')).to.equal(String(outcomes.indexOf('replaced')));
    });

    it('refuses a name that is longer than it keeps, and cuts none', async () => {
      const storage = await open(server.uri);
      const [long, longer] = [`${'x'.repeat(255)}`, `${'x'.repeat(256)}`];
      await storage.set(long, 'a', MINUTE_MS);
      if (title === 'mysql://') {
        const error = await caught(storage.set(longer, 'b', MINUTE_MS));
        expect(error).to.be.instanceOf(Unavailable).and.include({ outcome: 'not-done' });
      } else await storage.set(longer, 'b', MINUTE_MS);
      expect(await storage.get(long)).to.equal('a');
    });

    it('is swept of what has expired when a site starts, and of nothing else', async () => {
      const storage = await open(server.uri);
      await storage.set(NAME, 'a', MINUTE_MS);
      dialect.addExpired(server, 250);
      expect(rows()).to.equal(251);
      await open(server.uri);
      await until(() => rows() === 1);
      expect(await storage.get(NAME)).to.equal('a');
    });

    it('erases more than one batch', async () => {
      const storage = await open(server.uri, { instanceName: 'expired1' });
      dialect.addExpired(server, 1200);
      server.sql("UPDATE concierge_records SET name = concat('expired1:{', name)");
      expect(await storage.erase()).to.equal(1200);
      expect(rows()).to.equal(0);
    });

    it('is asked on ten connections at most, and each when it is needed', async () => {
      const storage = await open(server.uri);
      await storage.ping();
      // The sweep may have had one of its own.
      expect(dialect.countConnections(server)).to.be.within(1, 2);
      const reads = Array.from({ length: 200 }, () => storage.get(NAME));
      await Promise.all(reads);
      expect(dialect.countConnections(server)).to.be.within(3, 10);
    });

    it('may end connections that are idle: nobody notices', async () => {
      const storage = await open(server.uri);
      await Promise.all(Array.from({ length: 20 }, () => storage.set(NAME, 'a', MINUTE_MS)));
      await endAll();
      expect(await storage.get(NAME)).to.equal('a');
      expect(lines.of('store_failed')).to.be.empty;
    });

    it('says where it is without credentials', async () => {
      const storage = await open(changed(uri, { password: 'hidden-word' }));
      await caught(storage.ping());
      expect(lines.text()).not.to.match(/hidden-word|site@/);
      expect(storage.shared).to.equal(true);
      expect(storage.label).to.match(/^[a-z]+:\/\/127\.0\.0\.1:\d+\/[a-z]+$/);
    });

    for (const [what, uri] of [
      ['without a host', `${title}/db?password=hidden-word`],
      ['with a stray percent sign', `${title}me:hidden-word%@host/db`],
      ['with a port that is none', `${title}me:hidden-word@host:port/db`],
      [
        'with a certificate’s file that is not there',
        `${title}me:hidden-word@host/db${dialect.tls('/no')}`,
      ],
    ] as const) {
      it(`refuses a URI ${what}, and shows no password`, async () => {
        const error = await caught(open(uri));
        expect(error).to.be.instanceOf(Misconfigured);
        expect(error).to.have.property('message').that.includes('TokenCache:Store');
        expect(inspect(error, { depth: 10 })).not.to.include('hidden-word');
      });
    }

    it('whose transactions are all serializable loses no update of fifty at once, and fails none', async () => {
      dialect.setSerializable(server, true);
      const [storage, other] = [await open(server.uri), await open(server.uri)];
      const works = Array.from({ length: 50 }, (_, i) => countUp(i % 2 ? storage : other, NAME));
      await Promise.all(works);
      expect(await storage.get(NAME)).to.equal('50');
      expect(lines.of('store_failed')).to.be.empty;
      dialect.setSerializable(server, false);
    });

    describe('that is down', () => {
      it('at the start: opens, fails fast, and works once it is up', async () => {
        await server.stop();
        const begun = performance.now();
        const storage = await open(server.uri);
        expect(performance.now() - begun).to.be.below(LIMIT_MS);
        await expectAllFail(storage, 400);
        await server.start();
        await recovery(storage);
        expect(await storage.replace(NAME, undefined, 'a', MINUTE_MS)).to.equal('replaced');
        const reasons = lines.of('database_failed').map(({ reason }) => reason);
        expect(reasons, 'said, and not at every attempt').to.include('ECONNREFUSED');
        expect(new Set(reasons)).to.have.property('size', reasons.length);
        expect(lines.of('database_ready')).to.have.length(1);
      });

      it('since: fails fast, and works once it is up again', async () => {
        const storage = await open(server.uri);
        await storage.replace(NAME, undefined, 'a', MINUTE_MS);
        await server.stop();
        await expectAllFail(storage);
        await expectAllFail(storage, 400);
        await server.start();
        await recovery(storage);
        expect(await storage.replace(NAME, 'a', 'b', MINUTE_MS)).to.equal('replaced');
      });

      it('certainly did not do what is asked of it now', async () => {
        const storage = await open(server.uri);
        await storage.ping();
        await server.stop();
        // It had two connections at most, the sweep's among them, and may learn of each one's end by its use.
        for (let ends = 0; ends < 2; ) {
          if (!(await works(storage.ping()))) ends += 1;
        }
        const error = await caught(storage.replace(NAME, undefined, 'a', MINUTE_MS));
        expect(error).to.be.instanceOf(Unavailable).and.include({ outcome: 'not-done' });
      });
    });

    describe('that takes requests and answers none', () => {
      let storage: Storage;
      beforeEach(async () => {
        storage = await open(server.uri);
        await storage.set(NAME, 'a', MINUTE_MS);
      });
      afterEach(() => server.thaw());

      it('fails in 1.5 s, as unknown, then at once, and works once it answers again', async () => {
        server.freeze();
        const writing = caughtAfter(() => storage.replace(NAME, undefined, 'a', MINUTE_MS));
        await expectAllFail(storage);
        const { error, tookMs } = await writing;
        expect(error).to.include({ outcome: 'unknown' });
        expect(tookMs).to.be.below(LIMIT_MS);
        await expectAllFail(storage, 400);
        server.thaw();
        await recovery(storage);
        await storage.get(NAME);
      });

      it('fails in 1.5 s for each of a busy site’s requests, and is left within no time', async () => {
        server.freeze();
        const begun = performance.now();
        const failures: Promise<{ tookMs: number }>[] = [];
        while (performance.now() - begun < 1300) {
          failures.push(caughtAfter(() => storage.replace(NAME, undefined, 'a', MINUTE_MS)));
          await systemClock.sleep(20);
        }
        failures.push(caughtAfter(() => storage.get(NAME)));
        const closing = performance.now();
        await storage.close();
        expect(performance.now() - closing).to.be.below(400);
        const slowest = Math.max(...(await Promise.all(failures)).map(({ tookMs }) => tookMs));
        expect(slowest).to.be.below(LIMIT_MS);
      });

      it('lets go of what is under way when the store is closed', async () => {
        server.freeze();
        const reading = caughtAfter(() => storage.get(NAME));
        await systemClock.sleep(20);
        await storage.close();
        const { error, tookMs } = await reading;
        expect(error).to.be.instanceOf(Unavailable);
        expect(tookMs).to.be.below(500);
      });

      it('is told from one that is slow, whose answer is waited for', async () => {
        server.freeze();
        const late = storage.get(NAME);
        await systemClock.sleep(500);
        server.thaw();
        expect(await late).to.equal('a');
        expect(lines.of('database_failed')).to.be.empty;
      });
    });

    it('that never takes a connection is opened, fails fast, and is left within no time', async () => {
      const deaf = await startDeafServer();
      try {
        const begun = performance.now();
        const storage = await open(changed(server.uri, { port: String(deaf.port) }));
        await expectAllFail(storage, 400);
        await storage.close();
        expect(performance.now() - begun).to.be.below(LIMIT_MS);
        expect(lines.of('database_failed')[0]).to.include({ reason: 'ETIMEDOUT' });
      } finally {
        deaf.stop();
      }
    });

    it('leaves nothing behind that keeps a process, whether it was up, down or silent', async () => {
      const nobody = changed(server.uri, { port: String(await freePort()) });
      server.freeze();
      const ends = [own.uri, server.uri, nobody].map((at) => run(at, 0));
      expect(await Promise.all(ends)).to.deep.equal([0, 0, 0]);
      server.thaw();
    });

    describe('with a user of its own', () => {
      beforeEach(() => own.sql("UPDATE concierge_records SET value = 'a'"));

      it('may lack the right to make tables where one is', async () => {
        dialect.addUser(own, 'guest', 'rows');
        const storage = await open(changed(own.uri, { username: 'guest', password: 'guest' }));
        expect(await storage.replace(NAME, 'a', 'b', MINUTE_MS)).to.equal('replaced');
        own.sql('ALTER TABLE concierge_records RENAME TO away');
        const error = await caught(storage.get(NAME));
        expect(error).to.be.instanceOf(StoreUnavailable).and.include({ state: 'refused' });
        const alarms = lines.of('store_password_refused');
        expect(alarms.map(({ level, reason }) => [level, reason])).to.deep.equal([
          [ERROR, dialect.reasons.rights],
        ]);
        own.sql('ALTER TABLE away RENAME TO concierge_records');
        expect(await storage.get(NAME)).to.equal('b');
      });

      it('whose password is wrong alarms the operator, tells nobody, and goes on trying', async () => {
        dialect.setPassword(own, 'site', 'right-word');
        const storage = await open(changed(uri, { password: 'wrong-word' }));
        const error = await caught(storage.replace(NAME, 'a', 'b', MINUTE_MS));
        expect(error)
          .to.be.instanceOf(StoreUnavailable)
          .and.include({ state: 'refused', outcome: 'not-done' });
        for (const event of ['database_failed', 'store_password_refused']) {
          expect(
            lines.of(event).map(({ level, reason }) => [level, reason]),
            event,
          ).to.deep.equal([[ERROR, dialect.reasons.password]]);
        }
        expect(lines.text() + inspect(error, { depth: 10 })).not.to.match(
          /(wrong|right)-word|site@/,
        );
        dialect.setPassword(own, 'site', 'wrong-word');
        await recovery(storage);
        expect(await storage.replace(NAME, 'a', 'b', MINUTE_MS)).to.equal('replaced');
        dialect.setPassword(own, 'site', 'site');
      });

      it('that may have few connections makes do with them', async () => {
        dialect.limitConnections(own, 'site', 3);
        const storage = await open(uri);
        const reads = await Promise.all(Array.from({ length: 200 }, () => storage.get(NAME)));
        expect(new Set(reads)).to.deep.equal(new Set(['a']));
        expect(lines.of('store_failed')).to.be.empty;
        dialect.limitConnections(own, 'site', 0);
      });

      it('alarms the operator of a database that is not there', async () => {
        const storage = await open(changed(own.uri, { pathname: '/nowhere' }));
        const error = await caught(storage.get(NAME));
        expect(error).to.be.instanceOf(StoreUnavailable).and.include({ state: 'refused' });
        expect(lines.of('database_failed')[0]).to.include({ reason: dialect.reasons.database });
      });

      it('is told that it is read-only, reads on, seldom connects anew, and works again', async () => {
        const storage = await open(uri);
        await storage.ping();
        dialect.setReadOnly(own, true);
        await until(() => works(storage.ping()).then((isDone) => !isDone));
        const begun = performance.now();
        const connections = new Set<string>();
        while (performance.now() - begun < 500) {
          for (const write of [
            () => storage.set(NAME, 'b', MINUTE_MS),
            () => storage.delete(NAME),
            () => storage.replace(NAME, 'a', 'b', MINUTE_MS),
          ]) {
            const error = await caught(write());
            expect(error)
              .to.be.instanceOf(StoreUnavailable)
              .and.include({ state: 'readonly', outcome: 'not-done' });
          }
          expect(await storage.get(NAME)).to.equal('a');
          connections.add(
            own.sql(
              title === 'mysql://'
                ? "SELECT MAX(id) FROM information_schema.processlist WHERE user = 'site'"
                : "SELECT max(backend_start) FROM pg_stat_activity WHERE usename = 'site'",
            ),
          );
        }
        expect(connections.size).to.be.within(1, 2);
        expect(lines.of('store_failed').map(({ level, reason }) => [level, reason])).to.deep.equal([
          [ERROR, dialect.reasons.readOnly],
        ]);
        dialect.setReadOnly(own, false);
        await recovery(storage);
        expect(lines.of('store_restored')).to.have.length(1);
        expect(await storage.replace(NAME, 'a', 'b', MINUTE_MS)).to.equal('replaced');
      });

      it('moves to the new primary behind its address when the old one is read-only', async () => {
        await (await open(server.uri)).set('concierge:{2}:session', 'a', MINUTE_MS);
        dialect.addUser(server, 'site', 'all');
        const proxy = await startLosingProxy(own.port);
        try {
          const behind = await open(changed(uri, { port: String(proxy.port) }));
          await behind.set(NAME, 'a', MINUTE_MS);
          dialect.setReadOnly(own, true);
          proxy.targetPort = server.port;
          await until(() => works(behind.set(NAME, 'b', MINUTE_MS)).then((isDone) => !isDone));
          await recovery(behind);
          await behind.set(NAME, 'c', MINUTE_MS);
          expect(rows(`name = '${NAME}'`)).to.equal(1);
        } finally {
          await proxy.close();
          dialect.setReadOnly(own, false);
        }
      });

      it('finds the disk full: says so, never that a record is kept, and works again', async () => {
        const storage = await open(uri);
        await storage.ping();
        dialect.setFull(own, true);
        for (const write of [
          () => storage.set(NAME, 'b', MINUTE_MS),
          () => storage.replace(NAME, 'a', 'b', MINUTE_MS),
          () => storage.ping(),
        ]) {
          const error = await caught(write());
          expect(error)
            .to.be.instanceOf(StoreUnavailable)
            .and.include({ state: 'full', outcome: 'not-done' });
        }
        expect(lines.of('store_failed').map(({ level, reason }) => [level, reason])).to.deep.equal([
          [ERROR, dialect.reasons.full],
        ]);
        expect(await storage.get(NAME)).to.equal('a');
        dialect.setFull(own, false);
        await storage.ping();
        expect(lines.of('store_restored')).to.have.length(1);
      });

      it('that cannot be swept says so', async () => {
        dialect.setReadOnly(own, true);
        dialect.addExpired(own, 1);
        await open(uri);
        await until(() => lines.of('store_sweep_failed').length > 0);
        expect(lines.of('store_sweep_failed')[0]).to.include({
          level: WARN,
          reason: dialect.reasons.readOnly,
        });
        dialect.setReadOnly(own, false);
      });
    });

    describe('whose answer is lost', () => {
      let proxy: LosingProxy;
      let behind: Storage;
      const value = () => server.sql('SELECT value FROM concierge_records');
      const [a, b] = title === 'mysql://' ? ['a', 'b'] : ['\\x61', '\\x62'];

      beforeEach(async () => {
        proxy = await startLosingProxy(server.port);
        behind = await open(changed(server.uri, { port: String(proxy.port) }));
        await behind.replace(NAME, undefined, 'a', MINUTE_MS);
      });
      afterEach(() => proxy.close());

      const leaveOneConnection = async () => {
        await endAll();
        await until(() => works(behind.get(NAME)));
      };

      it('is asked again whether it was done', async () => {
        proxy.loseAnswerTo('UPDATE');
        expect(await behind.replace(NAME, 'a', 'b', MINUTE_MS)).to.equal('replaced');
        expect(value()).to.equal(b);
      });

      it('does not take an absence for its own deed: another may have taken the record', async () => {
        proxy.loseAnswerTo('DELETE');
        const error = await caught(behind.replace(NAME, 'a', undefined, MINUTE_MS));
        expect(error).to.be.instanceOf(Unavailable).and.include({ outcome: 'unknown' });
      });

      it('leaves a conflict unknown', async () => {
        proxy.loseAnswerTo('UPDATE');
        const error = await caught(behind.replace(NAME, 'other', 'b', MINUTE_MS));
        expect(error).to.be.instanceOf(Unavailable).and.include({ outcome: 'unknown' });
        expect(value()).to.equal(a);
      });

      it('leaves it unknown when it cannot be asked', async () => {
        await leaveOneConnection();
        proxy.open = false;
        proxy.loseAnswerTo('UPDATE');
        const { error, tookMs } = await caughtAfter(() =>
          behind.replace(NAME, 'a', 'b', MINUTE_MS),
        );
        expect(error).to.be.instanceOf(Unavailable).and.include({ outcome: 'unknown' });
        expect(tookMs).to.be.below(LIMIT_MS);
        expect(value()).to.equal(b);
      });
    });

    describe('that speaks TLS', () => {
      const at = (there: DatabaseServer, { caFile }: { caFile: string }) =>
        `${changed(there.uri, { hostname: 'localhost' })}${dialect.tls(caFile)}`;

      it('is trusted by the authority that signed its certificate', async () => {
        const storage = await open(at(own, certificates));
        await storage.set(NAME, 'secret', MINUTE_MS);
        expect(await storage.get(NAME)).to.equal('secret');
      });

      it('is not trusted by another', async () => {
        const storage = await open(at(own, elsewhere));
        expect(await caught(storage.ping())).to.be.instanceOf(Unavailable);
        const reason = lines.of('database_failed')[0]?.['reason'];
        expect(reason).to.be.oneOf(['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'HANDSHAKE_SSL_ERROR']);
      });

      it('is not trusted with a certificate for another name', async () => {
        const storage = await open(at(server, elsewhere));
        expect(await caught(storage.ping())).to.be.instanceOf(Unavailable);
        const reason = lines.of('database_failed')[0]?.['reason'];
        expect(reason).to.be.oneOf(['ERR_TLS_CERT_ALTNAME_INVALID', 'HANDSHAKE_SSL_ERROR']);
      });
    });
  });
}
