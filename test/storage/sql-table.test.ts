/** What the dialects share: where the names of an instance end, and texts as databases give them. */
import { expect } from 'chai';
import { endOfPrefix, textsOf } from '../../src/storage/sql-table.ts';

describe('endOfPrefix', () => {
  it('comes after all names that begin so, and before all others that come later', () => {
    const end = endOfPrefix('mine:{');
    const names = ['mine:{', 'mine:{0}:a', 'mine:{~~~', 'mine:|', 'mine:}', 'mine:~', 'mine;'];
    expect(names.filter((name) => name < end)).to.deep.equal(names.slice(0, 3));
  });

  it('comes after all names where there is no prefix', () => {
    expect('~z' < endOfPrefix('')).to.equal(true);
  });
});

describe('textsOf', () => {
  it('gives bytes as the text they are, and text as it is', () => {
    const rows = [[Buffer.from('Grüße\0')], ['a'], [Buffer.alloc(0)]];
    expect(textsOf({ rows, changes: 0 })).to.deep.equal(['Grüße\0', 'a', '']);
  });
});
