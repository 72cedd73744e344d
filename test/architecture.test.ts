/** Holds the tree to its shape: direction of imports, one door for each library, first lines, the README's map. */
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect } from 'chai';
import { withGeneratedParts } from '../scripts/write-readme.ts';

/** Rooms in the order of dependency; a file may import from its own room and from those before it. */
const LEAF = 0;
const rooms: readonly (readonly [prefix: string, rank: number])[] = [
  ['src/credentials/', 1],
  ['src/authority/', 2],
  ['src/broker/', 2],
  ['src/metrics.ts', 2],
  ['src/downstream/', 3],
  ['src/web/', 4],
  ['src/app.ts', 5],
  ['src/main.ts', 6],
];

const doors: readonly (readonly [library: RegExp, prefix: string])[] = [
  [/^(openid-client|oauth4webapi|jose)(\/|$)/, 'src/authority/'],
  [/^(keyv|@keyv\/.*|node:sqlite|pg|mysql2|etcd3|mongodb)$/, 'src/storage/'],
  [/^(got|undici)$/, 'src/downstream/'],
  [/^(nunjucks|koa-session|koa|@koa\/.*|bowser)$/, 'src/web/'],
  [/^(jsonc-parser|leven)$/, 'src/config/'],
  [/^node-forge$/, 'src/certificates/'],
  [/^prom-client$/, 'src/metrics.ts'],
  [/^@azure\//, 'src/credentials/'],
];

const sources = globSync('src/**/*.ts').sort();
const scripts = globSync('{scripts,test}/**/*.ts').sort();

function roomOf(file: string): readonly [prefix: string, rank: number] {
  return rooms.find(([prefix]) => file.startsWith(prefix)) ?? ['src/', LEAF];
}

function importsOf(text: string): string[] {
  const specifiers = text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*'([^']+)'/g);
  return [...specifiers].map(([, specifier]) => specifier ?? '');
}

/** Imports from a room that may not be known here. */
function wrongDirections(file: string, text: string): string[] {
  const [room, rank] = roomOf(file);
  return importsOf(text)
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => normalize(join(dirname(file), specifier)))
    .filter((target) => {
      const [targetRoom, targetRank] = roomOf(target);
      return targetRoom !== room && targetRank >= rank;
    });
}

/** Libraries imported elsewhere than at their one door. */
function wrongDoors(file: string, text: string): string[] {
  return importsOf(text).filter((specifier) =>
    doors.some(([library, prefix]) => library.test(specifier) && !file.startsWith(prefix)),
  );
}

function offenders(check: (file: string, text: string) => boolean, files = sources): string[] {
  return files.filter((file) => check(file, readFileSync(file, 'utf8')));
}

describe('The architecture', () => {
  it('has imports that only point from the story’s end to its beginning', () => {
    expect(sources).not.to.be.empty;
    expect(offenders((file, text) => wrongDirections(file, text).length > 0)).to.deep.equal([]);
  });

  it('would see an import in the wrong direction', () => {
    expect(
      wrongDirections('src/broker/slot.ts', "import { a } from '../web/b.ts';"),
    ).to.have.length(1);
    expect(
      wrongDirections('src/broker/slot.ts', "import { a } from '../authority/b.ts';"),
    ).to.have.length(1);
    expect(wrongDirections('src/errors.ts', "import { a } from './broker/b.ts';")).to.have.length(
      1,
    );
    expect(wrongDirections('src/web/a.ts', "import { a } from '../broker/b.ts';")).to.deep.equal(
      [],
    );
  });

  it('lets each library in at one door', () => {
    expect(offenders((file, text) => wrongDoors(file, text).length > 0)).to.deep.equal([]);
  });

  it('would see a library at a wrong door', () => {
    expect(wrongDoors('src/broker/slot.ts', "import Keyv from 'keyv';")).to.deep.equal(['keyv']);
    expect(wrongDoors('src/web/a.ts', "await import('got')")).to.deep.equal(['got']);
    expect(wrongDoors('src/web/a.ts', "await import('etcd3')")).to.deep.equal(['etcd3']);
    expect(wrongDoors('src/storage/a.ts', "import Keyv from 'keyv';")).to.deep.equal([]);
  });

  it('reads the environment in main.ts only', () => {
    expect(offenders((_, text) => /process\.env/.test(text))).to.deep.equal(['src/main.ts']);
  });

  it('says in each file’s first line what the file is', () => {
    const silent = (_: string, text: string) => !/^\/\*\* .+[.:!?] \*\/\n/.test(text);
    expect(offenders(silent, [...sources, ...scripts])).to.deep.equal([]);
  });

  it('keeps files small: none over 250 lines, half of them under 100', () => {
    const lengths = sources.map((file) => readFileSync(file, 'utf8').split('\n').length);
    expect(offenders((_, text) => text.split('\n').length > 250)).to.deep.equal([]);
    expect(lengths.toSorted((a, b) => a - b)[Math.floor(lengths.length / 2)]).to.be.below(100);
  });

  it('has no barrels, default exports or drawers', () => {
    const drawers = sources.filter((file) =>
      /\/(index\.ts|(utils?|helpers?|common|shared|lib|types)[/.])/.test(file),
    );
    expect(drawers).to.deep.equal([]);
    expect(offenders((_, text) => /^export default/m.test(text))).to.deep.equal([]);
  });

  it('has no work left lying about', () => {
    const marks = new RegExp(['\\b(TO', 'DO|FIX', 'ME)\\b'].join(''));
    expect(offenders((_, text) => marks.test(text), [...sources, ...scripts])).to.deep.equal([]);
  });

  it('renders every page that views/ holds', () => {
    const web = sources.map((file) => readFileSync(file, 'utf8')).join('\n');
    const views = globSync('views/**/*.njk')
      .map((file) => readFileSync(file, 'utf8'))
      .join('\n');
    const unused = globSync('views/**/*.njk')
      .map((file) => file.slice('views/'.length))
      .filter(
        (name) =>
          !`${web}${views}`.includes(name) && !web.includes(`'${name.replace(/\.njk$/, '')}'`),
      );
    expect(unused).to.deep.equal([]);
  });

  describe('in the README', () => {
    const readme = readFileSync('README.md', 'utf8');

    it('is mapped in paths that exist', () => {
      const paths = [...readme.matchAll(/`((?:src|views|scripts|test)\/[\w./-]*)`/g)].map(
        ([, path]) => path ?? '',
      );
      expect(paths).not.to.be.empty;
      expect(paths.filter((path) => globSync(path.replace(/\/$/, '')).length === 0)).to.deep.equal(
        [],
      );
    });

    it('has the map of the tree and the table of settings as the code has them', () => {
      expect(withGeneratedParts(readme) === readme, 'run: npm run readme').to.equal(true);
    });
  });
});
