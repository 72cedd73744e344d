/** The matrix of races leaves nothing out. */
import { expect } from 'chai';
import { type Cell, cellName, eventName } from './cell.ts';
import { allCells, dimensions, events } from './cells.ts';

describe('The matrix of races', () => {
  const cells = allCells();

  it('lets every event meet every value of every dimension', () => {
    expect(missing(cells)).to.deep.equal([]);
  });

  it('would see a value that an event does not meet', () => {
    const without = cells.filter(
      ({ event, store }) => event.kind !== 'skew' || store !== 'postgres',
    );
    expect(missing(without)).to.include('clocks ±2 min: store postgres');
  });

  it('has each cell once', () => {
    const names = cells.map(cellName);
    expect(names.length - new Set(names).size).to.equal(0);
  });
});

function missing(cells: readonly Cell[]): string[] {
  return events.flatMap(([event]) => {
    const own = cells.filter((cell) => eventName(cell.event) === eventName(event));
    const met = new Set(
      own.flatMap(({ processes, store, mode, latencyMs, slots }) =>
        Object.entries({ processes, store, mode, latencyMs, slots }).map(toText),
      ),
    );
    return Object.entries(dimensions)
      .flatMap(([name, values]) => values.map((value) => toText([name, value])))
      .filter((text) => !met.has(text))
      .map((text) => `${eventName(event)}: ${text}`);
  });
}

function toText([name, value]: readonly [string, string | number]): string {
  return `${name} ${value}`;
}
