/** Assertions that others give: how long each is used, and what serves while their giver is away. */
import { expect } from 'chai';
import { assertionCredential } from '../../src/credentials/assertion-credential.ts';
import { CredentialUnusable } from '../../src/credentials/credential-source.ts';
import { KeptAssertion } from '../../src/credentials/kept-assertion.ts';
import { caught } from '../support/caught.ts';

const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const jwt = (claims: object) => `${encoded({ alg: 'RS256' })}.${encoded(claims)}.c2ln`;

describe('An assertion that is given by someone else', () => {
  let now: number;
  let given: number;
  let lifeSeconds: number | undefined;
  let isAway: boolean;
  let asked: number;
  let source: KeptAssertion;

  beforeEach(() => {
    now = 1_800_000_000_000;
    given = 0;
    lifeSeconds = 3600;
    isAway = false;
    asked = 0;
    source = new KeptAssertion({
      now: () => now,
      prepare: async () => {},
      fetch: async () => {
        asked += 1;
        if (isAway) throw new CredentialUnusable('away', { fix: 'Wait.', isPassing: true });
        given += 1;
        const exp = lifeSeconds === undefined ? {} : { exp: now / 1000 + lifeSeconds };
        return assertionCredential(jwt({ jti: given, ...exp }), 'it');
      },
    });
  });

  const later = async (seconds: number) => {
    now += seconds * 1000;
    return await source.current();
  };

  it('is used until five minutes before its end', async () => {
    await later(0);
    await later(3299);
    expect(given).to.equal(1);
    await later(2);
    expect(given, 'renewed behind whoever asks').to.equal(2);
  });

  it('lets nobody wait for a renewal that fails, and asks for one every ten seconds', async () => {
    await later(0);
    isAway = true;
    for (let second = 0; second < 30; second += 1) await later(second === 0 ? 3301 : 1);
    expect(asked).to.be.within(4, 5);
  });

  it('is used for half of a short life', async () => {
    lifeSeconds = 60;
    await later(0);
    await later(29);
    expect(given).to.equal(1);
    await later(2);
    expect(given).to.equal(2);
  });

  it('is asked for each time when it says of no end', async () => {
    lifeSeconds = undefined;
    await later(0);
    await later(0);
    expect(given).to.equal(2);
  });

  it('is asked for once by many at once', async () => {
    await Promise.all(Array.from({ length: 20 }, () => source.current()));
    expect(given).to.equal(1);
  });

  it('is asked for anew after a refusal', async () => {
    await later(0);
    await source.reload();
    expect(given).to.equal(2);
  });

  it('serves to its very end while its giver is away, and not longer', async () => {
    await later(0);
    isAway = true;
    expect(await later(3590)).to.have.property('proof');
    expect(await caught(later(11))).to.be.instanceOf(CredentialUnusable);
  });

  for (const [what, text] of [
    ['nothing', ''],
    ['no JWT', 'ey.no'],
    ['four parts', `${jwt({})}.x`],
    ['a payload that is no JSON', 'a.b.c'],
    ['an end that is no number', jwt({ exp: 'soon' })],
  ] as const) {
    it(`is none when it is ${what}, and the text is not told`, () => {
      try {
        assertionCredential(text, 'the file');
        expect.fail('it was taken');
      } catch (error) {
        expect(error).to.be.instanceOf(CredentialUnusable);
        expect(String(error)).to.contain('the file').and.not.contain('ey.no');
      }
    });
  }
});
