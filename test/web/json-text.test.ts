/** JSON written for people: as usual where it is of a usual size, and never without bounds. */
import { expect } from 'chai';
import { jsonText } from '../../src/web/json-text.ts';

describe('jsonText', () => {
  it('indents as JSON usually is', () => {
    for (const value of [
      { a: [1, { b: 'ä"\n' }], 'c"': {}, d: [], e: null },
      [[[]], [true, -1.5]],
      'text',
      7,
      null,
    ]) {
      const text = JSON.stringify(value, null, 2);
      expect(jsonText(value, 1000)).to.deep.equal({ text, isCut: false });
    }
  });

  it('ends at the length asked for', () => {
    const { text, isCut } = jsonText(Array(1000).fill('x'), 50);
    expect(text).to.equal(JSON.stringify(Array(1000).fill('x'), null, 2).slice(0, 50));
    expect(isCut).to.equal(true);
  });

  it('shows what lies too deep as an ellipsis, at any depth', () => {
    const deep: unknown = JSON.parse(`${'['.repeat(900_000)}1${']'.repeat(900_000)}`);
    const { text, isCut } = jsonText(deep, 200_000);
    expect(text)
      .to.match(/^\[\n {2}\[\n/)
      .and.include('…');
    expect(text.length).to.be.below(10_000);
    expect(isCut).to.equal(false);
  });

  it('costs no more than what it shows', () => {
    const leaves = JSON.stringify(Array(400_000).fill(1));
    const wide: unknown = JSON.parse(`${'['.repeat(200)}${leaves}${']'.repeat(200)}`);
    const list = Array.from({ length: 400_000 }, () => ({ a: 1 }));
    const before = performance.now();
    expect(jsonText(wide, 200_000).text.length).to.be.below(10_000);
    expect(jsonText(list, 200_000).text).to.have.length(200_000);
    expect(performance.now() - before).to.be.below(500);
  });
});
