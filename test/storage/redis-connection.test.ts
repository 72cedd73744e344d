/** A connection that is closed, or renewed, just while it connects. */
import { expect } from 'chai';
import { RedisClients } from '../../src/storage/redis-client.ts';
import { RedisConnection } from '../../src/storage/redis-connection.ts';
import { NotConnected } from '../../src/storage/redis-failure.ts';
import { type RedisServer, startRedisServer, untilRedis } from '../support/redis-server.ts';

describe('RedisConnection', () => {
  let server: RedisServer;
  let events: string[];

  const connectTo = (locate: () => Promise<string>) =>
    new RedisConnection({
      locate,
      clients: new RedisClients([]),
      onReady: () => events.push('ready'),
      onLost: () => events.push('lost'),
      onFailure: () => {
        events.push('failure');
        return undefined;
      },
      onSilence: () => events.push('silence'),
    });
  const hasNoClients = (one: RedisServer) =>
    untilRedis(one, ['CLIENT', 'LIST', 'TYPE', 'normal'], (clients) => /^.*$/.test(clients));

  beforeEach(async () => {
    events = [];
    server = await startRedisServer();
  });
  afterEach(async () => {
    await server.stop();
  });

  it('connects no more once it was closed', async () => {
    const located = Promise.withResolvers<string>();
    const connection = connectTo(() => located.promise);
    const opened = connection.open();
    connection.close();
    located.resolve(server.uri);
    await opened;
    expect(events).to.be.empty;
    expect(() => connection.client).to.throw(NotConnected);
    await hasNoClients(server);
  });

  it('takes no server that it found before it was renewed', async () => {
    const next = await startRedisServer();
    const located = Promise.withResolvers<string>();
    const answers = [located.promise, Promise.resolve(next.uri)];
    const connection = connectTo(async () => (await answers.shift()) ?? '');
    const opened = connection.open();
    connection.renew();
    located.resolve(server.uri);
    await opened;
    expect(connection.url).to.equal(next.uri);
    expect(events).to.deep.equal(['ready']);
    await hasNoClients(server);
    connection.close();
    expect(events).to.deep.equal(['ready', 'lost']);
    await next.stop();
  });
});
