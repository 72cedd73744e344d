/** URLs of API calls never leave the base URL. */
import { expect } from 'chai';
import { apiUrl } from '../../src/downstream/api-url.ts';
import { Forbidden } from '../../src/errors.ts';
import { anApi } from './api-rig.ts';

const api = anApi(new URL('https://api.example:8443/v1.0'));
const root = anApi(new URL('https://api.example'));

describe('apiUrl', () => {
  it('puts path and query below the base URL', () => {
    const url = (path: string, query?: Record<string, string>) => apiUrl(api, path, query).href;
    expect(url('')).to.equal('https://api.example:8443/v1.0');
    expect(url('/me')).to.equal('https://api.example:8443/v1.0/me');
    expect(url('/me/photo/$value')).to.equal('https://api.example:8443/v1.0/me/photo/$value');
    expect(url('/a%20b/%C3%A9')).to.equal('https://api.example:8443/v1.0/a%20b/%C3%A9');
    expect(url('/me', { $orderby: 'a desc', q: 'x+y&z' })).to.equal(
      'https://api.example:8443/v1.0/me?%24orderby=a%20desc&q=x%2By%26z',
    );
    expect(apiUrl(api, '/me', new URLSearchParams('a=1&a=2')).search).to.equal('?a=1&a=2');
    expect(apiUrl(root, '').href).to.equal('https://api.example/');
    expect(apiUrl(root, '/me').href).to.equal('https://api.example/me');
  });

  it('leaves out a name and password of the base URL', () => {
    const secret = anApi(new URL('https://user:password@api.example/v1'));
    expect(apiUrl(secret, '/me').href).to.equal('https://api.example/v1/me');
  });

  const misleading = [
    '/..',
    '/../v2.0/me',
    '/%2e%2e/v2.0',
    '/%2E%2E/v2.0',
    '/.%2e/v2.0',
    '/%252e%252e/v2.0',
    '/a/../../x',
    '/..%2fx',
    '/a%2f..%2f..',
    '/a%5c..',
    '/..\\x',
    '\\\\evil.example',
    '/\\evil.example',
    '//evil.example',
    '///evil.example',
    '@evil.example/',
    '.evil.example/',
    ':1/',
    'me',
    'https://evil.example/',
    'https:evil.example',
    '/a\r\nhost: evil.example',
    '/\t/evil.example',
    '/%0d%0ahost',
    '/%00',
    '/me?x=1',
    '/me#x',
    '/%',
  ];
  for (const path of misleading) {
    it(`refuses ${JSON.stringify(path)}`, () => {
      expect(() => apiUrl(api, path)).to.throw(Forbidden, 'GraphBeta');
      expect(() => apiUrl(root, path)).to.throw(Forbidden);
    });
  }
});
