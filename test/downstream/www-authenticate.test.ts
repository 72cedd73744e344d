/** The header `WWW-Authenticate` as APIs write it. */
import { expect } from 'chai';
import {
  challengedClaims,
  missingScopes,
  parseWwwAuthenticate,
} from '../../src/downstream/www-authenticate.ts';

const claims = '{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}';
const base64 = Buffer.from(claims).toString('base64');
const padded = Buffer.from(`${claims} `).toString('base64');

function parametersOf(header: string): Record<string, string> {
  const [challenge] = parseWwwAuthenticate(header);
  return Object.fromEntries(challenge?.parameters ?? []);
}

describe('parseWwwAuthenticate', () => {
  it('reads quoted values with commas, equals signs and escapes inside', () => {
    expect(
      parametersOf('Bearer realm="", error="x", errorDescription="a, b = \\"c\\"", claims="e30="'),
    ).to.deep.equal({ realm: '', error: 'x', errordescription: 'a, b = "c"', claims: 'e30=' });
  });

  it('reads bare values with any characters, as Graph writes them', () => {
    expect(
      parametersOf(
        'Bearer realm="", authorization_uri=https://login.example/oauth2/authorize?a=b, client_id="1", claims=e30==',
      ),
    ).to.deep.equal({
      realm: '',
      authorization_uri: 'https://login.example/oauth2/authorize?a=b',
      client_id: '1',
      claims: 'e30==',
    });
  });

  it('does without commas, and with spaces around the equals sign', () => {
    expect(parametersOf('Bearer a="1" b=2 , c = "3"')).to.deep.equal({ a: '1', b: '2', c: '3' });
  });

  it('tells several challenges apart, in one header or in several', () => {
    const schemes = (header: string | string[]) =>
      parseWwwAuthenticate(header).map(({ scheme }) => scheme);
    expect(schemes('Negotiate, Basic realm="x", Bearer error="y"')).to.deep.equal([
      'negotiate',
      'basic',
      'bearer',
    ]);
    expect(schemes(['Basic realm="x"', 'Bearer'])).to.deep.equal(['basic', 'bearer']);
  });

  it('keeps the first of equal names, and survives rubbish', () => {
    expect(parametersOf('Bearer a=1, a=2')).to.deep.equal({ a: '1' });
    for (const rubbish of ['', ',,,', '===', '"', 'Bearer "', 'Bearer a="x', '\\']) {
      expect(parseWwwAuthenticate(rubbish)).to.be.an('array');
    }
  });

  it('answers soon on a long header', () => {
    const before = performance.now();
    parseWwwAuthenticate(`Bearer ${'a="\\'.repeat(4000)}`);
    parseWwwAuthenticate(`${'a '.repeat(8000)}`);
    parseWwwAuthenticate(`a${' '.repeat(16_000)}b`);
    expect(performance.now() - before).to.be.below(500);
  });
});

describe('challengedClaims', () => {
  const bearer = (value: string) => `Bearer error="insufficient_claims", claims="${value}"`;

  it('decodes base64 with and without padding, and base64url', () => {
    expect(padded).to.match(/=$/);
    expect(challengedClaims(bearer(base64))).to.equal(claims);
    expect(challengedClaims(bearer(padded))).to.equal(`${claims} `);
    expect(challengedClaims(bearer(padded.replace(/=+$/, '')))).to.equal(`${claims} `);
    const urlSafe = Buffer.from('{"a":"ÿ~?>ÿ"}');
    expect(urlSafe.toString('base64url')).to.match(/[-_]/);
    expect(challengedClaims(bearer(urlSafe.toString('base64url')))).to.equal('{"a":"ÿ~?>ÿ"}');
  });

  it('finds the challenge among others, unquoted, after commas in a description', () => {
    const header = `Basic realm="a, b", Bearer errorDescription="one, two=three", authorization_uri=https://x.example/a=b, error="insufficient_claims", claims=${padded}`;
    expect(challengedClaims(header)).to.equal(`${claims} `);
    expect(challengedClaims(['Basic realm="x"', bearer(base64)])).to.equal(claims);
  });

  it('is undefined without such a challenge', () => {
    expect(challengedClaims(undefined)).to.equal(undefined);
    expect(challengedClaims('Bearer error="invalid_token"')).to.equal(undefined);
    expect(challengedClaims(`Bearer error="invalid_token", claims="${base64}"`)).to.equal(
      undefined,
    );
    expect(challengedClaims('Bearer error="insufficient_claims"')).to.equal(undefined);
    expect(challengedClaims(`Basic error="insufficient_claims", claims="${base64}"`)).to.equal(
      undefined,
    );
  });

  it('is undefined for claims that are no JSON object', () => {
    for (const value of ['%%%', Buffer.from('"text"').toString('base64'), 'bm90IGpzb24=', 'W10=']) {
      expect(challengedClaims(bearer(value)), value).to.equal(undefined);
    }
    const huge = Buffer.from(`{"a":"${'x'.repeat(10_000)}"}`).toString('base64');
    expect(challengedClaims(bearer(huge))).to.equal(undefined);
  });
});

describe('missingScopes', () => {
  it('are those that an API says a token lacks', () => {
    const header = 'Bearer error="insufficient_scope", scope="api://todos/Todos.Write Todos.Read"';
    expect(missingScopes(header)).to.deep.equal(['api://todos/Todos.Write', 'Todos.Read']);
    expect(missingScopes(['Basic realm="x"', header])).to.have.length(2);
  });

  it('are none that the API does not name, or that look like something else', () => {
    expect(missingScopes(undefined)).to.deep.equal([]);
    expect(missingScopes('Bearer error="insufficient_scope"')).to.deep.equal([]);
    expect(missingScopes('Bearer error="invalid_token", scope="A"')).to.deep.equal([]);
    const odd = `<b>A</b> ${'A'.repeat(101)} "B" B`;
    expect(
      missingScopes(`Bearer error="insufficient_scope", scope="${odd.replaceAll('"', '\\"')}"`),
    ).to.deep.equal(['B']);
    const many = Array.from({ length: 30 }, (_, index) => `S${index}`).join(' ');
    expect(missingScopes(`Bearer error="insufficient_scope", scope="${many}"`)).to.have.length(10);
  });
});
