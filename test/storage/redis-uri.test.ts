/** Which URIs of Redis are read, and as what. */
import { inspect } from 'node:util';
import { expect } from 'chai';
import { Misconfigured } from '../../src/errors.ts';
import { createLog } from '../../src/log.ts';
import { openStorage } from '../../src/storage/open-storage.ts';
import { REDIS_SCHEMES, readRedisUri, redisUriForm } from '../../src/storage/redis-uri.ts';
import { caught } from '../support/caught.ts';

function read(uri: string) {
  const parts = readRedisUri(uri);
  if (!parts) throw new Error(`not read: ${uri}`);
  return parts;
}

describe('readRedisUri', () => {
  it('reads a server, its credentials and its database', () => {
    const uri = read('rediss://me:p%40ss@cache.example:6380/2?x=1#y');
    expect(uri).to.include({ kind: 'server', label: 'rediss://cache.example:6380/2' });
    expect(uri.hosts).to.deep.equal(['cache.example:6380']);
    expect(uri.urlOf('10.0.0.1:7000')).to.equal('rediss://me:p%40ss@10.0.0.1:7000/2');
  });

  it('reads the nodes of a Cluster, with the usual port where there is none', () => {
    const uri = read('redis-cluster://:pw@a,b:7001,[::1]:7002,[::2]');
    expect(uri.kind).to.equal('cluster');
    expect(uri.hosts).to.deep.equal(['a:6379', 'b:7001', '[::1]:7002', '[::2]:6379']);
    expect(uri.hostnames).to.deep.equal(['a', 'b', '::1', '::2']);
    expect(uri.label).to.equal('redis-cluster://a,b:7001,[::1]:7002,[::2]');
    expect(uri.urlOf('c:1')).to.equal('redis://:pw@c:1/');
    expect(uri.labelOf('c:1')).to.equal('redis-cluster://c:1');
    expect(read('rediss-cluster://a/0').urlOf('c:1')).to.equal('rediss://c:1/0');
  });

  it('reads Sentinels, and the primary that they watch', () => {
    const uri = read('rediss-sentinel://me:pw@a,b:5000/my%20primary/3');
    expect(uri).to.include({ kind: 'sentinel', primaryName: 'my primary' });
    expect(uri.hosts).to.deep.equal(['a:26379', 'b:5000']);
    expect(uri.label).to.equal('rediss-sentinel://a,b:5000/my%20primary/3');
    expect(uri.urlOf('c:1')).to.equal('rediss://me:pw@c:1/3');
    expect(uri.sentinelUrlOf('a:1', { withCredentials: true })).to.equal('rediss://me:pw@a:1');
    expect(uri.sentinelUrlOf('a:1', { withCredentials: false })).to.equal('rediss://a:1');
    expect(read('redis-sentinel://a/p').urlOf('c:1')).to.equal('redis://c:1/');
  });

  it('takes Valkey for Redis', () => {
    expect(read('valkeys://h').urlOf('h:1')).to.equal('rediss://h:1/');
    expect(read('valkey-sentinel://h/p')).to.include({ kind: 'sentinel' });
    expect(read('valkey-cluster://h').label).to.equal('valkey-cluster://h');
  });

  for (const uri of [
    ...['redis:', 'redis://', 'redis://u:p@', 'redis://h:port', 'redis://h/notes', 'redis://a,b'],
    ...['redis://u:p%zz@h', 'redis://u:p/w@h', 'rediss://ho st', 'redi://h', 'redis-other://h'],
    ...['redis-cluster://', 'redis-cluster://a,,b', 'redis-cluster://a/1', 'redis-cluster://a,b:x'],
    ...['redis-sentinel://a', 'redis-sentinel://a/', 'redis-sentinel://a/p/q'],
    ...['redis-sentinel:///p', 'redis-sentinel://a/p/1/2', 'redis-sentinel://a/%zz'],
  ]) {
    it(`refuses ${uri}`, () => {
      expect(readRedisUri(uri)).to.equal(undefined);
    });
  }
});

describe('openStorage', () => {
  it('says how a URI of Redis is written, and repeats nothing of it', async () => {
    for (const [uri, form] of [
      ['redis://me:hidden-word@a,b', 'redis://<user>:<password>@<host>:<port>/<database number>'],
      ['rediss-cluster://me:hidden-word@a/1', 'rediss-cluster://<user>:'],
      ['redis-sentinel://me:hidden-word@a', '<host>:<port>/<name of the primary>/'],
      ['valkey-cluster://me:hidden-word%zz@a', 'valkey-cluster://'],
    ] as const) {
      const error = await caught(openStorage(uri, { log: createLog('silent'), now: Date.now }));
      expect(error).to.be.instanceOf(Misconfigured).with.property('message').that.includes(form);
      expect(inspect(error, { depth: 10 })).not.to.include('hidden-word');
    }
  });
});

describe('redisUriForm', () => {
  it('says for each scheme how it is written, as it is then read', () => {
    for (const scheme of REDIS_SCHEMES) {
      const uri = redisUriForm(scheme)
        .replaceAll('<port>', '1')
        .replace('<database number>', '1')
        .replace(/<name of the primary>/, 'p')
        .replaceAll(/[<>]/g, '');
      expect(read(uri).label, uri).to.match(new RegExp(`^${scheme}://host:1`));
    }
  });
});
