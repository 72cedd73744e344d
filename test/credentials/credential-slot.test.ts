/** One credential while the site runs: what serves when a renewed one does not, and how long what failed rests. */
import { expect } from 'chai';
import { CredentialSlot } from '../../src/credentials/credential-slot.ts';
import {
  CredentialUnusable,
  type LoadedCredential,
} from '../../src/credentials/credential-source.ts';
import { type LogLines, logLines } from '../support/log-lines.ts';

const DAY_MS = 86_400_000;

describe('A credential', () => {
  let now: number;
  let given: LoadedCredential | undefined;
  let isNear: boolean;
  let lines: LogLines;

  beforeEach(() => {
    now = 1_800_000_000_000;
    given = aCertificate('first');
    isNear = false;
    lines = logLines();
  });

  function aCertificate(
    name: string,
    [from, to]: readonly [from: number, to: number] = [-1, 100],
  ): LoadedCredential {
    const sign = () => Promise.reject(away());
    return {
      proof: { kind: 'certificate', sha1: name, sha256: name, x5c: undefined, sign },
      ...{ fingerprint: name, thumbprint: name },
      ...{ validFrom: now + from * DAY_MS, validTo: now + to * DAY_MS },
    };
  }
  const away = () => new CredentialUnusable('it is away', { fix: 'Wait.', isPassing: true });
  const load = async () => {
    // All that ask at once wait for it together.
    await new Promise(setImmediate);
    if (!given) throw away();
    return given;
  };
  const aSlot = () =>
    new CredentialSlot(
      { sourceType: 'ClientSecret', key: 'AzureAd:ClientSecret', secret: 'unused' },
      {
        ...{ source: { current: load, reload: load, isNear }, now: () => now },
        log: lines.log,
      },
    );

  for (const [what, times] of [
    ['valid from tomorrow only', [1, 100]],
    ['expired', [-9, -1]],
  ] as const) {
    it(`that was taken serves on where the one in its place is ${what}`, async () => {
      const slot = aSlot();
      const first = await slot.usable();
      if (!first) throw new Error('it is not usable');
      slot.accepted(first, 1);
      given = aCertificate('renewed', times);
      for (let i = 0; i < 3; i += 1) expect(await slot.usable()).to.equal(first);
      expect(slot.status).to.include({ state: 'usable', thumbprint: 'first' });
      const kept = lines.of('client_credential_kept').map(({ thumbprint }) => thumbprint);
      expect(kept, 'said once').to.deep.equal(['first']);
      expect(slot.status.problem).to.match(/thumbprint renewed: (is not valid|expired)/);
    });
  }

  it('that has run out itself does not serve on', async () => {
    const slot = aSlot();
    const first = await slot.usable();
    if (!first) throw new Error('it is not usable');
    slot.accepted(first, 1);
    now += 101 * DAY_MS;
    given = aCertificate('renewed', [1, 200]);
    expect(await slot.usable()).to.equal(undefined);
    expect(slot.status.state).to.equal('unusable');
  });

  it('that nobody has taken does not serve on', async () => {
    const slot = aSlot();
    expect(await slot.usable()).to.equal(given);
    given = aCertificate('renewed', [1, 200]);
    expect(await slot.usable()).to.equal(undefined);
  });

  it('that is away is asked for again after a second, however many waited for it', async () => {
    given = undefined;
    const slot = aSlot();
    await Promise.all(Array.from({ length: 50 }, () => slot.usable()));
    given = aCertificate('first');
    now += 1001;
    expect(await slot.awaited()).to.equal(given);
  });

  it('that fails in its use is tried again after a second, however many used it', async () => {
    const slot = aSlot();
    const first = await slot.usable();
    if (!first) throw new Error('it is not usable');
    await Promise.all(Array.from({ length: 50 }, () => slot.failed(first, away())));
    expect(await slot.usable(), 'it rests').to.equal(undefined);
    now += 1001;
    expect(await slot.usable(), 'for one').to.equal(first);
    expect(await slot.usable(), 'and no other').to.equal(undefined);
    await slot.failed(first, away());
    now += 1500;
    expect(await slot.usable(), 'longer each time').to.equal(undefined);
    now += 600;
    expect(await slot.usable()).to.equal(first);
  });
});
