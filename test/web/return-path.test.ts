/** Return paths lead to this site and to no other. */
import { expect } from 'chai';
import { parseReturnPath } from '../../src/web/return-path.ts';

const SITE = new URL('https://site.example');

describe('parseReturnPath', () => {
  for (const path of [
    '/',
    '/mail',
    '/apis/todos?filter=a%2Fb&x=%0A#list',
    '/search?next=//evil.example',
    '/caf%C3%A9',
  ]) {
    it(`takes ${path}`, () => {
      expect(parseReturnPath(path, SITE)).to.equal(path);
    });
  }

  for (const path of [
    '',
    'mail',
    '//evil.example',
    '///evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '/a\\..\\..\\evil',
    '/%2fevil.example',
    '/%2F%2Fevil.example',
    '/%5cevil.example',
    '/./%2fevil',
    '/.//evil.example',
    '/..//evil.example',
    '/%2e//evil.example',
    '/x/..//evil.example',
    'https://evil.example/',
    'https://site.example@evil.example/',
    'https://site.example/',
    'javascript:alert(1)',
    '/\t/evil.example',
    '/\n/evil.example',
    '/mail\r\nSet-Cookie: a=b',
    '/mail%0d%0aSet-Cookie:%20a=b',
    '/mail%00',
    '/\u0085',
    `/${'a'.repeat(2048)}`,
  ]) {
    it(`refuses ${JSON.stringify(path.slice(0, 40))}`, () => {
      expect(parseReturnPath(path, SITE)).to.equal(undefined);
    });
  }

  it('refuses what is absent', () => {
    expect(parseReturnPath(null, SITE)).to.equal(undefined);
    expect(parseReturnPath(undefined, SITE)).to.equal(undefined);
  });
});
