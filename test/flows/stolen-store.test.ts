/** A stolen copy of the store: what a thief finds in it, and what moving records about does. */
import { createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createClient } from '@keyv/redis';
import { expect } from 'chai';
import mysql from 'mysql2/promise';
import pg from 'pg';
import { z } from 'zod';
import type { Account } from '../../src/broker/account.ts';
import { createLog } from '../../src/log.ts';
import { RecordNames } from '../../src/record-names.ts';
import { openStorage } from '../../src/storage/open-storage.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { aBroker, anIdentity, CountingAuthority, signIn, testKeys } from '../support/broker-rig.ts';
import { startMariadbServer } from '../support/mariadb-server.ts';
import { startPostgresServer } from '../support/postgres-server.ts';
import { startRedisServer } from '../support/redis-server.ts';
import { passSandbox, startSandboxedSite } from '../support/site.ts';
import { aFolder } from '../support/site-process.ts';
import { Visitor } from '../support/visitor.ts';

interface Subject {
  readonly uri: string;
  /** All that is in the store, as a thief would have it. */
  copy(): Promise<Buffer>;
  stop?(): Promise<void>;
}

function aFile(): Subject {
  const file = join(aFolder(), 'tokens.sqlite');
  const copy = async () => Buffer.concat(globSync(`${file}*`).map((path) => readFileSync(path)));
  return { uri: `sqlite:${file}`, copy };
}

const subjects: Record<string, () => Promise<Subject>> = {
  'sqlite:': async () => aFile(),
  'redis://': async () => {
    const { uri, stop } = await startRedisServer();
    const copy = async () => {
      const client = createClient({ url: uri });
      await client.connect();
      const names = await client.keys('*');
      const values = await client.mGet(names);
      client.destroy();
      return Buffer.from([...names, ...values].join('\n'));
    };
    return { uri, copy, stop };
  },
  'postgres://': async () => {
    const { uri, stop } = await startPostgresServer();
    const copy = async () => {
      const client = new pg.Client(uri);
      await client.connect();
      const { rows } = await client.query<Row>('SELECT name, value FROM concierge_records');
      await client.end();
      return asBytes(rows);
    };
    return { uri, copy, stop };
  },
  'mysql://': async () => {
    const { uri, stop } = await startMariadbServer();
    const copy = async () => {
      const connection = await mysql.createConnection(uri);
      const [rows] = await connection.query('SELECT name, value FROM concierge_records');
      await connection.end();
      return asBytes(z.array(rowSchema).parse(rows));
    };
    return { uri, copy, stop };
  },
};

const rowSchema = z.object({
  name: z.union([z.string(), z.instanceof(Buffer)]),
  value: z.instanceof(Buffer),
});
type Row = z.output<typeof rowSchema>;

function asBytes(rows: readonly Row[]): Buffer {
  return Buffer.concat(rows.flatMap(({ name, value }) => [Buffer.from(name), value]));
}

/** The ways a text may stand in a copy: as it is, or in hexadecimal or base64 digits, at any offset. */
function tracesOf(text: string): string[] {
  const bytes = Buffer.from(text);
  const base64 = [0, 1, 2].map((offset) => {
    const shifted = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
    // The first and last digits hold bits of what stands beside it.
    return shifted.slice(4, -4);
  });
  return [text, bytes.toString('hex'), ...base64];
}

function hashesOf(text: string): string[] {
  return ['md5', 'sha1', 'sha256', 'sha512'].flatMap((name) => {
    const digest = createHash(name).update(text).digest();
    return [digest.toString('hex'), digest.toString('base64').slice(0, -2)];
  });
}

function found(copy: Buffer, secrets: readonly string[]): string[] {
  const text = copy.toString('latin1');
  const spellings = [text, text.replaceAll('-', '+').replaceAll('_', '/'), text.toLowerCase()];
  return secrets.filter((secret) =>
    tracesOf(secret).some((trace) => spellings.some((spelling) => spelling.includes(trace))),
  );
}

for (const [title, start] of Object.entries(subjects)) {
  describe(`A stolen copy of ${title}`, () => {
    let subject: Subject;
    let storage: Storage;
    let ada: Account;
    let ben: Account;
    const authority = new CountingAuthority();
    const names = new RecordNames({ instanceName: 'test', indexKey: testKeys.indexKey });

    before(async () => {
      subject = await start();
      storage = await openStorage(subject.uri, { log: createLog('silent'), now: Date.now });
      const broker = aBroker({ storage, authority });
      const of = (name: string) => ({
        identity: {
          ...anIdentity(`${name}-object-id.${name}-tenant-id`),
          username: `${name}@contoso.example`,
        },
        accessToken: `access-token-of-${name}`,
        refreshToken: `refresh-token-of-${name}`,
        sessionId: `session-of-${name}`,
      });
      ada = await signIn(broker, of('ada'));
      ben = await signIn(broker, of('ben'));
      await broker.acquireAppToken({ scopes: ['https://graph.microsoft.com/.default'] });
    });
    after(async () => {
      await storage.close();
      await subject.stop?.();
    });

    it('shows no token, account, e-mail address or name, in any spelling', async () => {
      const copy = await subject.copy();
      const secrets = ['ada', 'ben'].flatMap((name) => [
        `access-token-of-${name}`,
        `refresh-token-of-${name}`,
        `session-of-${name}`,
        `${name}-object-id`,
        `${name}-tenant-id`,
        `${name}@contoso.example`,
      ]);
      expect(copy.length).to.be.above(1000);
      expect(found(copy, [...secrets, 'Ada Example', 'app-token-', 'User.Read'])).to.deep.equal([]);
      const guessed = [ada.id, 'ada@contoso.example'].flatMap(hashesOf);
      expect(found(copy, guessed), 'names that can be tried out').to.deep.equal([]);
    });

    it('would be seen to show them', async () => {
      await storage.set(
        'test:{00}:seen',
        Buffer.from('x-access-token-of-ada').toString('base64'),
        60_000,
      );
      expect(found(await subject.copy(), ['access-token-of-ada'])).to.have.length(1);
      await storage.delete('test:{00}:seen');
    });

    it('opens nobody else’s account when a record is moved to another name', async () => {
      const adas = await storage.get(names.forAccount(ada.id, 'account'));
      const bens = names.forAccount(ben.id, 'account');
      const before = (await storage.get(bens)) ?? '';
      await storage.set(bens, adas ?? '', 60_000);
      const broker = aBroker({ storage, authority });
      expect(await broker.describe(ben, 'session-of-ben')).to.equal(undefined);
      expect(await broker.describe({ ...ben, epoch: ada.epoch }, 'session-of-ada')).to.equal(
        undefined,
      );
      await storage.set(bens, before, 60_000);
      expect(await broker.describe(ben, 'session-of-ben')).to.have.property('id', ben.id);
    });
  });
}

describe('A stolen copy of a whole site’s store', () => {
  it('holds no session that can be used, and nothing of who was there', async () => {
    const subject = aFile();
    const { site, sandbox } = await startSandboxedSite({ TokenCache__Store: subject.uri });
    try {
      const visitor = new Visitor();
      const start = await visitor.open(`${site.url}/profile`);
      await passSandbox(visitor, start, 'ada@contoso.example');
      await visitor.open(`${site.url}/apis/todos`);
      // A sign-in that is not finished leaves its transaction.
      await new Visitor().open(`${site.url}/sign-in`);
      const user = sandbox.users.find(({ username }) => username === 'ada@contoso.example');
      const cookies = visitor.cookies(site.url).split('; ');
      const sessionIds = cookies.map((cookie) => cookie.slice(cookie.indexOf('=') + 1));
      const bearers = sandbox.requests.map(({ headers }) => headers['authorization'] ?? '');
      const tokens = bearers
        .map((header) => String(header).replace(/^Bearer /, ''))
        .filter(Boolean);
      expect(sessionIds).not.to.be.empty;
      expect(tokens).not.to.be.empty;
      const secrets = [
        ...sessionIds,
        ...tokens,
        user?.id,
        user?.homeTenantId,
        user?.name,
        user?.username,
      ];
      expect(found(await subject.copy(), secrets.map(String))).to.deep.equal([]);
    } finally {
      await site.close();
      await sandbox.close();
    }
  });
});
