/** The slot of a name, held to the specification's own examples and to a real server. */
import { expect } from 'chai';
import { slotOf } from '../../src/storage/redis-slot.ts';
import { askRedis, startRedisServer } from '../support/redis-server.ts';

describe('slotOf', () => {
  it('gives the slot of the specification’s example', () => {
    expect(slotOf('123456789')).to.equal(0x31c3);
  });

  it('counts what stands between the first braces only', () => {
    expect(slotOf('concierge:{ab12}:account')).to.equal(slotOf('concierge:{ab12}:session'));
    expect(slotOf('{user1000}.following')).to.equal(slotOf('user1000'));
    expect(slotOf('foo{{bar}}zap')).to.equal(slotOf('{bar'));
    expect(slotOf('foo{bar}{zap}')).to.equal(slotOf('bar'));
    expect(slotOf('foo{}{bar}')).not.to.equal(slotOf('bar'));
  });

  it('agrees with Redis', async () => {
    const server = await startRedisServer(['--cluster-enabled', 'yes']);
    const names = ['', 'a', 'Grüße 🔑', 'a{b}c', 'a{}{b}', 'a{{b}}', '}{', 'test:{1}:ready', '{'];
    for (const name of names) {
      expect(slotOf(name), name).to.equal(Number(askRedis(server, 'CLUSTER', 'KEYSLOT', name)));
    }
    await server.stop();
  });
});
