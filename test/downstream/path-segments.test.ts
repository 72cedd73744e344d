/** Paths of API calls that are split, and those that are refused. */
import { expect } from 'chai';
import { pathSegments } from '../../src/downstream/path-segments.ts';

describe('pathSegments', () => {
  it('splits a path as written', () => {
    expect(pathSegments('')).to.deep.equal([]);
    expect(pathSegments('/')).to.deep.equal([]);
    expect(pathSegments('/a/b%20c')).to.deep.equal(['a', 'b%20c']);
    expect(pathSegments('/a/')).to.deep.equal(['a', '']);
    expect(pathSegments("/users('ada@contoso.example')/$value")).to.deep.equal([
      "users('ada@contoso.example')",
      '$value',
    ]);
  });

  it('takes what only resembles a refused path', () => {
    for (const path of ['/...', '/..a', '/a..', '/a;..', '/100%25', '/50%2525', '/%23%3f', '/é']) {
      expect(pathSegments(path), path).to.have.length(1);
    }
  });

  it('refuses what one more decoding would turn into another path', () => {
    for (const path of ['/%2e', '/%252e%252e', '/%25252f', '/%255c', '/%2500', '/%25c0%25ae']) {
      expect(pathSegments(path), path).to.equal(undefined);
    }
  });
});
