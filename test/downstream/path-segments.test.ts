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
    for (const path of [
      '/..a',
      '/a..',
      '/a;..',
      '/a.%20.b',
      '/100%25',
      '/50%2525',
      '/é',
      '/root:%EF%BC%9F.txt',
      '/a%EF%BC%8Fb',
    ]) {
      expect(pathSegments(path), path).to.have.length(1);
    }
  });

  it('takes an escaped hash or question mark for a part of a name', () => {
    const guest = 'ann_fabrikam.example%23EXT%23@contoso.example';
    expect(pathSegments(`/users/${guest}/photo`)).to.deep.equal(['users', guest, 'photo']);
    expect(pathSegments('/why%3f')).to.deep.equal(['why%3f']);
  });

  it('refuses what could end the path early', () => {
    for (const path of ['/a?b', '/a#b']) {
      expect(pathSegments(path), path).to.equal(undefined);
    }
  });

  it('refuses segments of dots and blanks alone, in any width', () => {
    for (const path of [
      '/...',
      '/..%20',
      '/%20..',
      '/.%09.',
      '/%20',
      '/%c2%a0',
      '/..%20;x',
      '/a/%EF%BC%8E%EF%BC%8E/b',
      '/%E2%80%A5',
      '/%25EF%25BC%258E',
      '/%EF%BC%8E%EF%BC%8E%EF%BC%8Fusers',
      '/a%EF%BC%BC..',
    ]) {
      expect(pathSegments(path), path).to.equal(undefined);
    }
  });

  it('refuses what one more decoding would turn into another path', () => {
    for (const path of ['/%2e', '/%252e%252e', '/%25252f', '/%255c', '/%2500', '/%25c0%25ae']) {
      expect(pathSegments(path), path).to.equal(undefined);
    }
  });
});
