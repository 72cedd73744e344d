/** What a URI of one host says, and that a faulty one is never repeated. */
import { inspect } from 'node:util';
import { expect } from 'chai';
import { Misconfigured } from '../../src/errors.ts';
import { readHostUri } from '../../src/storage/host-uri.ts';
import { caught } from '../support/caught.ts';

describe('readHostUri', () => {
  for (const [uri, host, label, credentials] of [
    ['etcd://cache.example', 'cache.example:2379', 'etcd://cache.example:2379', undefined],
    ['etcd://127.0.0.1:99/', '127.0.0.1:99', 'etcd://127.0.0.1:99', undefined],
    ['etcd://me:p%40%3A@h:1', 'h:1', 'etcd://h:1', { username: 'me', password: 'p@:' }],
    ['etcds://me@h', 'h:2379', 'etcds://h:2379', { username: 'me', password: '' }],
  ] as const) {
    it(`reads ${uri}`, () => {
      expect(readHostUri(uri, 2379)).to.deep.equal({ host, label, credentials });
    });
  }

  for (const uri of [
    'etcd:',
    'etcd://',
    'etcd:///hidden-word',
    'etcd://me:hidden-word@',
    'etcd://me:hidden-word@h:port',
    'etcd://me:hidden-word%zz@h',
    'etcd://h/hidden-word',
    'etcd://h?password=hidden-word',
    'etcd://h#hidden-word',
    'etcd://me:hidden-word@h:1,h:2',
    'etcd://me:hidden-word@[::1]:2379',
  ]) {
    it(`refuses ${uri}, and repeats nothing of it`, async () => {
      const error = await caught(Promise.resolve().then(() => readHostUri(uri, 2379)));
      expect(error).to.be.instanceOf(Misconfigured);
      expect(error)
        .to.have.property('message')
        .that.includes('like etcd://<user>:<password>@<host>');
      // The stack names this test, which has the URI.
      expect(inspect(error).replaceAll(/^ +at .*/gm, '')).not.to.include('hidden-word');
    });
  }
});
