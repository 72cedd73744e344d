/** Tables of what APIs answer: which columns and rows they show, and what they cost. */
import { expect } from 'chai';
import { jsonTable } from '../../src/web/json-table.ts';

describe('jsonTable', () => {
  it('shows the plain members of a list, wherever it stands', () => {
    const rows = [{ '@id': 'x', title: 'Buy milk', done: false, tags: [] }, { due: null }];
    const table = {
      columns: ['title', 'done', 'due'],
      rows: [
        ['Buy milk', 'no', '–'],
        ['–', '–', '–'],
      ],
      hidden: 0,
    };
    for (const answer of [rows, { value: rows }, { items: rows }]) {
      expect(jsonTable(answer)).to.deep.equal(table);
    }
  });

  it('shows no more than 100 rows and 8 columns, and counts the rows that are left', () => {
    const row = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`name${i}`, i]));
    const table = jsonTable([...Array(100).fill(row), { name0: { not: 'plain' } }, 'no row']);
    expect(table?.columns).to.deep.equal(Object.keys(row).slice(0, 8));
    expect(table?.rows).to.have.length(100);
    expect(table?.hidden).to.equal(2);
  });

  it('is none for what is no list of objects', () => {
    for (const answer of [[], [1], { value: [] }, { value: 1 }, 'text', null, undefined, [[1]]]) {
      expect(jsonTable(answer)).to.equal(undefined);
    }
  });

  it('is made soon, however many names there are', () => {
    const manyRows = Array.from({ length: 10_000 }, (_, i) => ({ [`name${i}`]: i }));
    const longRow = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`name${i}`, {}]));
    const before = performance.now();
    expect(jsonTable(manyRows)?.columns).to.have.length(8);
    expect(jsonTable(Array(100).fill(longRow))).to.equal(undefined);
    expect(jsonTable(Array(200_000).fill(1))).to.equal(undefined);
    expect(performance.now() - before).to.be.below(1000);
  });
});
