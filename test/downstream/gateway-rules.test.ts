/** What gateway rules open, and all that they leave closed. */
import { expect } from 'chai';
import type { GatewayRule } from '../../src/config/settings.ts';
import { matchGatewayRule } from '../../src/downstream/gateway-rules.ts';
import { anApi } from './api-rig.ts';

function aRule(path: string, methods = ['GET']): GatewayRule {
  return { methods, path, scopes: undefined };
}

function isOpen(rule: GatewayRule, method: string, path: string): boolean {
  const api = anApi(new URL('https://api.example/v1'), { gateway: [rule] });
  return matchGatewayRule(api, method, path) !== undefined;
}

const table: readonly [rule: string, open: readonly string[], closed: readonly string[]][] = [
  ['/me', ['/me'], ['/Me', '/ME', '/me/', '/me/x', '/m%65', '', '/', 'me', '/mex', '/me.']],
  ['/me/', ['/me/'], ['/me', '/me//']],
  ['me', ['/me'], ['me', '/you']],
  ['/', ['/', ''], ['/me']],
  ['/me/*', ['/me/photo', '/me/a%20b', "/me/a('b')"], ['/me', '/me/', '/me/photo/$value']],
  ['/*/photo', ['/me/photo', '/you/photo'], ['/photo', '//photo', '/a/b/photo']],
  ['/me/**', ['/me', '/me/photo', '/me/photo/$value'], ['/', '/you', '/mex', '/me/', '/me/x/']],
  ['/**', ['', '/', '/a', '/a/b/c'], ['/a/']],
  ['/a/**/z', ['/a/z', '/a/b/z', '/a/z/z', '/a/b/c/z'], ['/a', '/z', '/a/b', '/a/z/b', '/b/z']],
  ['/a/**/m/*/**/z', ['/a/m/n/z', '/a/m/m/n/z', '/a/x/m/n/o/z'], ['/a/m/z', '/a/n/m/z']],
  ['/files/*.jpg', ['/files/*.jpg'], ['/files/a.jpg']],
  ['/a.c', ['/a.c'], ['/abc']],
  ['/(a+)+$', ['/(a+)+$'], ['/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!']],
];

const misleading = [
  '/me/../users',
  '/me/..',
  '/me/.',
  '/me/./x',
  '/me/%2e%2e/users',
  '/me/%2E./users',
  '/me/.%2e',
  '/me/%252e%252e/users',
  '/me/%25252e%25252e/users',
  '/me/%2525252525252e%2525252525252e/users',
  '/me/..;/users',
  '/me/..;x=1/users',
  '/me/a%2fb',
  '/me/a%2Fb',
  '/me/a%5cb',
  '/me/a%252fb',
  '/me/a\\b',
  '/me//users',
  '//evil.example/me',
  '/me/%00',
  '/me/\u0000',
  '/me/a\nb',
  '/me/%0d%0ax',
  '/me/%7f',
  '/me/%c0%ae%c0%ae/users',
  '/me/100%',
  '/me/%zz',
  '/me?x=1',
  '/me#x',
  'https://evil.example/me',
];

describe('matchGatewayRule', () => {
  for (const [rule, open, closed] of table) {
    it(`opens by ${rule} just what it says`, () => {
      expect(open.filter((path) => !isOpen(aRule(rule), 'GET', path))).to.deep.equal([]);
      expect(closed.filter((path) => isOpen(aRule(rule), 'GET', path))).to.deep.equal([]);
    });
  }

  it('closes every path that a server could read as another one', () => {
    expect(misleading.filter((path) => isOpen(aRule('/**'), 'GET', path))).to.deep.equal([]);
    expect(isOpen(aRule('/**'), 'GET', '/me/a%20b%25c/..x/x..')).to.equal(true);
  });

  it('opens the methods of the rule only, and HEAD where GET is', () => {
    const asked = ['GET', 'HEAD', 'POST', 'DELETE', 'get', 'OPTIONS', ''];
    const openBy = (methods: string[]) =>
      asked.filter((method) => isOpen(aRule('/me', methods), method, '/me'));
    expect(openBy(['GET'])).to.deep.equal(['GET', 'HEAD']);
    expect(openBy(['POST', 'DELETE'])).to.deep.equal(['POST', 'DELETE']);
    expect(openBy(['HEAD'])).to.deep.equal(['HEAD']);
    expect(openBy([])).to.deep.equal([]);
  });

  it('gives the first rule that matches, with the scopes it names', () => {
    const mail = { methods: ['GET'], path: '/me/messages', scopes: ['Mail.Read'] };
    const api = anApi(new URL('https://api.example'), { gateway: [mail, aRule('/me/**')] });
    expect(matchGatewayRule(api, 'GET', '/me/messages')).to.equal(mail);
    expect(matchGatewayRule(api, 'GET', '/me/x')?.scopes).to.equal(undefined);
  });

  it('opens nothing for an API without rules', () => {
    const api = anApi(new URL('https://api.example'));
    expect(matchGatewayRule(api, 'GET', '')).to.equal(undefined);
  });

  it('answers soon whatever the rule and the path', () => {
    const path = `/${'a/'.repeat(400)}b`;
    const before = performance.now();
    expect(isOpen(aRule(`/${'**/a/'.repeat(30)}c`), 'GET', path)).to.equal(false);
    expect(performance.now() - before).to.be.below(500);
  });
});
