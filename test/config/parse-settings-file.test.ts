/** JSON as people write it, and the faults they make in it. */
import { expect } from 'chai';
import { faultsOf, fileWith, load } from './config-rig.ts';

function faultsIn(json: string) {
  return faultsOf(() => load({ files: { 'appsettings.json': json } }));
}

describe('A settings file', () => {
  it('may have comments, trailing commas and a byte order mark', () => {
    const json = `\uFEFF// first\n${fileWith({}).replace(/}}$/, '/* last */},}')}`;
    expect(faultsIn(json)).to.deep.equal([]);
  });

  it('is told each comma that is missing, at the end of what comes before', () => {
    const faults = faultsIn('{\n  "Site": { "Port": 1 } // the site\n  "Session": {}\n}');
    expect(faults[0]).to.deep.equal({
      key: 'appsettings.json',
      problem: 'cannot be read at line 3, column 3: a comma is missing',
      fix: 'Add a comma at line 2, column 24.',
    });
  });

  for (const [what, json, problem] of [
    ['a missing brace', '{\n"Site": {}', 'line 2, column 11: a closing brace is missing'],
    ['a missing bracket', '{"a": [1', 'a closing bracket is missing'],
    ['a missing colon', '{"Site" {}}', 'line 1, column 9: a colon is missing'],
    ['a name without quotes', '{Site: {}}', 'line 1, column 2: a word is not JSON'],
    ['single quotes', "{'Site': {}}", 'a word is not JSON'],
    ['a value that is no JSON', '{"a": yes}', 'a word is not JSON'],
    ['no value', '{"a": }', 'a value is missing or not JSON'],
    ['a second comma', '{"a": 1,, "b": 2}', 'a name in double quotes is missing'],
    ['a text without end', '{"a": "x\n}', 'a text has no closing quote'],
    ['a backslash alone', '{"a": "C:\\keys"}', 'a backslash'],
    ['a comment without end', '{} /* x', 'a comment has no end'],
    ['a second object', '{} {}', 'something follows the end'],
  ] as const) {
    it(`is refused for ${what}`, () => {
      const faults = faultsIn(json);
      expect(faults.every(({ key }) => key === 'appsettings.json')).to.equal(true);
      expect(faults.map((fault) => fault.problem).join()).to.contain(problem);
      expect(faults.every(({ fix }) => fix.length > 0)).to.equal(true);
    });
  }

  it('is refused when it is empty or holds no object', () => {
    expect(faultsIn(' \n')[0]?.problem).to.equal('is empty');
    expect(faultsIn('[]')[0]?.problem).to.equal('does not hold an object');
    expect(faultsIn('"x"')[0]?.problem).to.equal('does not hold an object');
  });

  it('is refused for a key written twice, in any case', () => {
    const [fault] = faultsIn(fileWith({}).replace('"Site":{', '"Site":{"Port":1,\n"port":2'));
    expect(fault?.key).to.equal('Site:port');
    expect(fault?.problem).to.contain('the second time at line 2');
  });

  it('may have a key named __proto__, which is a key like others', () => {
    expect(faultsIn(fileWith({}).replace('"Site":{', '"Site":{"__proto__":{}'))[0]?.key).to.equal(
      'Site:__proto__',
    );
  });
});
