/** Where a request came from, and whose requests are counted together. */
import { expect } from 'chai';
import { addressOf, networkOf } from '../../src/web/network-of.ts';

describe('networkOf', () => {
  const table: [string, string][] = [
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:192.0.2.1', '192.0.2.1'],
    ['192.0.2.1:50000', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:DB8:0001:2::', '2001:db8:1:2'],
    ['2001:db8::1', '2001:db8:0:0'],
    ['[2001:db8::1]:50000', '2001:db8:0:0'],
    ['::1', '0:0:0:0'],
    ['::2:3:4:5:6:7:8', '0:2:3:4'],
    [`fe80::1%${'x'.repeat(1000)}`, 'fe80:0:0:0'],
  ];
  for (const [address, network] of table) {
    it(`of ${address.slice(0, 30)} is ${network}`, () => {
      expect(networkOf(address, '198.51.100.7')).to.equal(network);
    });
  }

  it('of what is no address is that of the connection', () => {
    for (const sent of [
      '',
      'unknown',
      '_hidden',
      '300.1.1.1',
      'x'.repeat(100_000),
      '[::1',
      ':80',
    ]) {
      expect(networkOf(sent, '198.51.100.7')).to.equal('198.51.100.7');
    }
    expect(networkOf('unknown', '2001:db8::7')).to.equal('2001:db8:0:0');
    expect(networkOf('unknown', undefined)).to.equal('');
  });
});

describe('addressOf', () => {
  it('is the whole address, however a proxy wrote it', () => {
    for (const [sent, address] of [
      ['192.0.2.1', '192.0.2.1'],
      ['::ffff:192.0.2.1', '192.0.2.1'],
      ['192.0.2.1:50000', '192.0.2.1'],
      ['[2001:db8::1]:50000', '2001:db8::1'],
      [`fe80::1%${'x'.repeat(1000)}`, 'fe80::1'],
    ] as const) {
      expect(addressOf(sent, '198.51.100.7')).to.equal(address);
    }
  });

  it('is that of the connection where what was sent is no address', () => {
    for (const sent of ['', 'unknown', 'x'.repeat(100_000), '<script>']) {
      expect(addressOf(sent, '198.51.100.7')).to.equal('198.51.100.7');
    }
    expect(addressOf('unknown', undefined)).to.equal('');
  });
});
