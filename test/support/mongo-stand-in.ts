/** Stands in for a MongoDB server: the few commands that `MongoStore` sends, in MongoDB's own wire protocol. */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { BSON } from 'mongodb';
import { z } from 'zod';

/** OP_MSG and the older pair of the handshake (MongoDB's "Wire Protocol"). */
const OP_MSG = 2013;
const OP_QUERY = 2004;
const OP_REPLY = 1;

const commandSchema = z.looseObject({
  $db: z.string().optional(),
  filter: z
    .object({ _id: z.union([z.string(), z.object({ $gte: z.string(), $lt: z.string() })]) })
    .optional(),
  updates: z
    .array(
      z.object({
        q: z.object({ _id: z.string() }),
        u: z.object({ $set: z.looseObject({}) }),
        upsert: z.literal(true),
      }),
    )
    .optional(),
  deletes: z.array(z.object({ q: z.object({ _id: z.string() }) })).optional(),
  indexes: z.array(z.unknown()).optional(),
});

export interface MongoStandIn {
  readonly port: number;
  /** What is kept, by name. */
  readonly records: Map<string, Record<string, unknown>>;
  /** The indexes that were asked for. */
  readonly indexes: unknown[];
  /** The names of the databases and collections that were asked for. */
  readonly places: Set<string>;
  /** Answers nothing more, until this is `false` again. */
  silent: boolean;
  /** An error to answer every command with after the handshake, or those of one name. */
  refusal: { code: number; codeName: string; command?: string } | undefined;
  close(): Promise<void>;
}

export async function startMongoStandIn(port = 0): Promise<MongoStandIn> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    let read = Buffer.alloc(0);
    socket.on('data', (bytes) => {
      read = Buffer.concat([read, bytes]);
      while (read.length >= 4 && read.length >= read.readInt32LE(0)) {
        const message = read.subarray(0, read.readInt32LE(0));
        read = read.subarray(message.length);
        if (!self.silent) socket.write(replyTo(message, self));
      }
    });
  }).listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('no port');
  const self: MongoStandIn = {
    port: address.port,
    records: new Map(),
    indexes: [],
    places: new Set(),
    silent: false,
    refusal: undefined,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
  return self;
}

function replyTo(message: Buffer, self: MongoStandIn): Buffer {
  const isQuery = message.readInt32LE(12) === OP_QUERY;
  const command = isQuery ? { isMaster: 1 } : readMessage(message);
  const body = Buffer.from(BSON.serialize({ ok: 1, ...answer(command, self) }));
  const prefix = isQuery ? Buffer.alloc(20) : Buffer.alloc(5);
  // One document, in an OP_REPLY.
  if (isQuery) prefix.writeInt32LE(1, 16);
  const header = Buffer.alloc(16);
  header.writeInt32LE(16 + prefix.length + body.length, 0);
  header.writeInt32LE(message.readInt32LE(4), 8);
  header.writeInt32LE(isQuery ? OP_REPLY : OP_MSG, 12);
  return Buffer.concat([header, prefix, body]);
}

/** The command, with what comes beside it as sequences of documents. */
function readMessage(message: Buffer): Record<string, unknown> {
  const command: Record<string, unknown> = {};
  for (let at = 20; at < message.length; ) {
    const kind = message[at];
    const end = at + 1 + message.readInt32LE(at + 1);
    const read = (from: number) => {
      const document = message.subarray(from, from + message.readInt32LE(from));
      return {
        document: BSON.deserialize(document),
        to: from + document.length,
      };
    };
    if (kind === 0) Object.assign(command, read(at + 1).document);
    else {
      const nameEnd = message.indexOf(0, at + 5);
      const documents: unknown[] = [];
      for (let from = nameEnd + 1; from < end; ) {
        const { document, to } = read(from);
        documents.push(document);
        from = to;
      }
      command[message.toString('utf8', at + 5, nameEnd)] = documents;
    }
    at = end;
  }
  return command;
}

function answer(command: Record<string, unknown>, self: MongoStandIn): Record<string, unknown> {
  const [name = '', collection] = Object.entries(command)[0] ?? [];
  if (/^(hello|ismaster)$/i.test(name)) {
    return {
      helloOk: true,
      isWritablePrimary: true,
      ismaster: true,
      minWireVersion: 0,
      maxWireVersion: 21,
    };
  }
  if (name === 'endSessions' || name === 'ping') return {};
  const { command: refused = name, ...error } = self.refusal ?? { command: '' };
  if (refused === name) return { ok: 0, errmsg: 'hidden-word', ...error };
  const { $db, filter, updates = [], deletes = [], indexes = [] } = commandSchema.parse(command);
  self.places.add(`${$db}.${collection}`);
  self.indexes.push(...indexes);
  if (name === 'find' && filter) {
    const { _id } = filter;
    const firstBatch = [...self.records.entries()]
      .filter(([key]) => (typeof _id === 'string' ? key === _id : key >= _id.$gte && key < _id.$lt))
      .map(([key, record]) => ({ _id: key, ...record }));
    return { cursor: { id: 0n, ns: `${$db}.${collection}`, firstBatch } };
  }
  for (const { q, u } of updates) self.records.set(q._id, u.$set);
  const gone = deletes.filter(({ q }) => self.records.delete(q._id));
  return { n: updates.length + gone.length, nModified: updates.length };
}
