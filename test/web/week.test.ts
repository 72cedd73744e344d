/** Weeks and sizes, as pages show them. */
import { expect } from 'chai';
import { fileSize } from '../../src/web/file-size.ts';
import { dayName, onDay, weekOf } from '../../src/web/week.ts';

describe('A week', () => {
  it('begins on the Monday of any of its days', () => {
    for (const day of ['2026-11-16', '2026-11-18', '2026-11-22']) {
      const week = weekOf(day);
      expect(week?.name).to.equal('2026-11-16');
      expect(week?.days.map(dayName)).to.have.length(7).and.include('2026-11-22');
      expect([week?.previous, week?.next]).to.deep.equal(['2026-11-09', '2026-11-23']);
    }
    expect(weekOf(Date.parse('2026-11-22T23:59:59Z'))?.name).to.equal('2026-11-16');
  });

  it('has on a day what overlaps it, and what is over at midnight not on the next', () => {
    const day = Date.parse('2026-11-17T00:00:00Z');
    const at = (start: string, end: string) => ({
      start: `2026-11-${start}Z`,
      end: `2026-11-${end}Z`,
    });
    const on = (start: string, end: string) => onDay([at(start, end)], day).length === 1;
    expect(on('16T22:00:00', '17T00:00:00')).to.equal(false);
    expect(on('16T22:00:00', '17T00:01:00')).to.equal(true);
    expect(on('17T00:00:00', '17T00:00:00')).to.equal(true);
    expect(on('18T00:00:00', '18T01:00:00')).to.equal(false);
    expect(on('10T00:00:00', '20T00:00:00')).to.equal(true);
  });
});

describe('The size of a file', () => {
  it('is said in the unit that fits', () => {
    const said = [0, 999, 1000, 12_345, 1_500_000, 2e9, 3e15].map(fileSize);
    expect(said).to.deep.equal([
      ...['0 bytes', '999 bytes', '1.0 kB', '12 kB', '1.5 MB', '2.0 GB', '3000 TB'],
    ]);
    expect([fileSize(undefined), fileSize(null), fileSize(-1)]).to.deep.equal(['', '', '']);
  });
});
