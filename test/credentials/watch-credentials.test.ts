/** Warnings of certificates that expire soon. */
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import type { CredentialStatus } from '../../src/credentials/credential-status.ts';
import { watchCredentials } from '../../src/credentials/watch-credentials.ts';
import { ERROR, logLines, WARN } from '../support/log-lines.ts';

const DAY_MS = 24 * 3_600_000;

function aStatus(days: number | undefined): CredentialStatus {
  return {
    ...{ key: 'AzureAd:ClientCredentials:0', sourceType: 'Path', state: 'usable', refusals: 0 },
    ...{ problem: undefined, fix: undefined, thumbprint: undefined },
    expiresAt: days === undefined ? undefined : Date.now() + days * DAY_MS,
  };
}

describe('The watch over certificates', () => {
  const event = 'client_credential_expires_soon';

  async function linesFor(days: number | undefined) {
    const lines = logLines();
    const review = async () => [aStatus(days)];
    const stop = watchCredentials({ review, now: Date.now, log: lines.log });
    await delay(10);
    stop();
    return lines.of(event);
  }

  it('warns from 30 days before, and as of an error in the last week', async () => {
    const [soon] = await linesFor(29.5);
    expect(soon).to.deep.include({ level: WARN, daysLeft: 29 });
    expect(soon?.['fix']).to.contain('new certificate');
    expect((await linesFor(6.5))[0]).to.deep.include({ level: ERROR, daysLeft: 6 });
    expect((await linesFor(-1))[0]).to.deep.include({ level: ERROR, daysLeft: 0 });
  });

  it('says nothing before, nor of what has no end of its own', async () => {
    expect(await linesFor(30.5)).to.deep.equal([]);
    expect(await linesFor(undefined)).to.deep.equal([]);
  });

  it('looks again and again, and says it once a day', async () => {
    const lines = logLines();
    let now = Date.now();
    let looks = 0;
    const review = async () => {
      looks += 1;
      return [aStatus(20)];
    };
    const stop = watchCredentials({ review, now: () => now, log: lines.log, everyMs: 5 });
    while (looks < 4) await delay(5);
    expect(lines.of(event)).to.have.length(1);
    now += DAY_MS;
    const before = looks;
    while (looks < before + 3) await delay(5);
    stop();
    expect(lines.of(event)).to.have.length(2);
    await delay(20);
    const after = looks;
    await delay(30);
    expect(looks, 'it was stopped').to.equal(after);
  });

  it('outlives a look that fails', async () => {
    const lines = logLines();
    let looks = 0;
    const review = async () => {
      looks += 1;
      throw new Error('not now');
    };
    const stop = watchCredentials({ review, now: Date.now, log: lines.log, everyMs: 5 });
    while (looks < 3) await delay(5);
    stop();
    expect(lines.of('client_credential_review').length).to.be.above(1);
  });
});
