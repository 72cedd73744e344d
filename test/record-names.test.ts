/** Names in the store: hashes that tell nobody's name. */
import { createHash, createHmac } from 'node:crypto';
import { expect } from 'chai';
import { RecordNames } from '../src/record-names.ts';

const indexKey = Buffer.alloc(32, 7);
const names = new RecordNames({ instanceName: 'here', indexKey });

describe('RecordNames', () => {
  it('names an account by a keyed hash, so that ids cannot be tried out', () => {
    const hash = createHmac('sha256', indexKey).update('uid.utid').digest('hex');
    expect(names.forAccount('uid.utid', 'account')).to.equal(`here:{${hash}}:account`);
    const other = new RecordNames({ instanceName: 'here', indexKey: Buffer.alloc(32, 8) });
    expect(other.forAccount('uid.utid', 'account')).not.to.include(hash);
  });

  it('keeps all of an account in one Redis Cluster slot', () => {
    const slots = (['account', 'lease'] as const).map(
      (kind) => /\{(.*)\}/.exec(names.forAccount('uid.utid', kind))?.[1],
    );
    expect(new Set(slots)).to.have.property('size', 1);
  });

  it('names what is the site’s own by what the site is, and accounts by nothing but themselves', () => {
    const of = (ownName: string) => new RecordNames({ instanceName: 'here', indexKey, ownName });
    const [one, other] = [of('client https://a.test/common'), of('client https://b.test/common')];
    for (const kind of ['app', 'lease', 'quiet'] as const) {
      const own = [one.forSite(undefined, kind), other.forSite(undefined, kind)];
      own.push(one.forSite('tenant', kind), other.forSite('tenant', kind));
      expect(new Set(own)).to.have.property('size', 4);
      expect(one.forSite('TENANT', kind)).to.equal(one.forSite('tenant', kind));
    }
    expect(one.forAccount('a', 'account')).to.equal(other.forAccount('a', 'account'));
  });

  it('names what has an unguessable id by its hash, so that a copy of the store opens no session', () => {
    const hash = createHash('sha256').update('an id').digest('hex');
    expect(names.forRandomId('an id', 'session')).to.equal(`here:{${hash}}:session`);
    expect(names.forRandomId('an id', 'transaction')).to.equal(`here:{${hash}}:transaction`);
  });
});
