/** The module of the operator's own that gives assertions. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { setTimeout as delay } from 'node:timers/promises';
import { ClientCredentials } from '../../src/credentials/client-credentials.ts';
import { CredentialUnusable, type Proof } from '../../src/credentials/credential-source.ts';
import { customAssertion } from '../../src/credentials/custom-assertion.ts';
import { Misconfigured, Unavailable } from '../../src/errors.ts';
import { anAssertionModule } from '../support/assertion-module.ts';
import { caught } from '../support/caught.ts';
import { logLines } from '../support/log-lines.ts';
import { aFolder } from '../support/site-process.ts';

const JWT = 'e30.eyJleHAiOjk5OTk5OTk5OTl9.c2ln';

describe('A module that gives assertions', () => {
  function credentialsOf(code: string) {
    const module = join(aFolder(), 'assertions.mjs');
    writeFileSync(module, code);
    const lines = logLines();
    const credentials = new ClientCredentials(
      [{ sourceType: 'CustomSignedAssertion', key: 'AzureAd:C:0', module, data: { name: 'x' } }],
      { clientId: 'the-client', now: Date.now, log: lines.log, audit: () => {} },
    );
    return { credentials, lines };
  }
  const sent = (credentials: ClientCredentials) =>
    credentials.use(
      async (proof) => proof,
      () => 'accepted',
    );

  it('is asked with the client’s id and its data, and gives what is sent', async () => {
    const { credentials } =
      credentialsOf(`export function getAssertion({ clientId, data, signal }) {
      if (clientId !== 'the-client' || data.name !== 'x' || signal.aborted) throw new Error('no');
      return ${JSON.stringify(JWT)};
    }`);
    await credentials.prepare();
    expect(await sent(credentials)).to.deep.equal({ kind: 'assertion', assertion: JWT });
  });

  for (const [what, code, words] of [
    ['cannot be parsed', 'export const = 1', 'SyntaxError'],
    ['throws while it is loaded', 'throw new Error("not here")', 'not here'],
    ['exports no such function', 'export const getAssertion = 1;', 'getAssertion'],
    ['exports it as default', 'export default () => "x";', 'getAssertion'],
  ] as const) {
    it(`ends the start when it ${what}, in words`, async () => {
      const error = await caught(credentialsOf(code).credentials.prepare());
      expect(error).to.be.instanceOf(Misconfigured);
      expect(String(error)).to.contain('AzureAd:C:0').and.contain(words);
    });
  }

  it('that throws is away for now, and what it says is kept from people', async () => {
    const { credentials, lines } = credentialsOf(
      'export async function getAssertion() { throw new RangeError("canary"); }',
    );
    const error = await caught(sent(credentials));
    expect(error).to.be.instanceOf(Unavailable);
    expect(String(error)).to.not.contain('canary');
    expect(lines.of('client_credential_unusable')[0]?.['problem']).to.contain('RangeError');
  });

  for (const [what, code] of [
    ['a number', 'export const getAssertion = () => 7;'],
    ['a text that is no JWT', 'export const getAssertion = () => "canary";'],
  ] as const) {
    it(`that gives ${what} is the operator’s to mend`, async () => {
      const { credentials, lines } = credentialsOf(code);
      expect(await caught(sent(credentials))).to.be.instanceOf(Misconfigured);
      expect(lines.of('client_credential_unusable')).to.have.length(1);
      expect(lines.text()).to.not.contain('canary');
    });
  }

  it('that is away is not said to be in use again by an answer of before', async () => {
    const { module, away } = anAssertionModule();
    const audited: unknown[] = [];
    const credentials = new ClientCredentials(
      [
        { sourceType: 'CustomSignedAssertion', key: 'first', module, data: { away } },
        { sourceType: 'ClientSecret', key: 'second', secret: 's' },
      ],
      {
        ...{ clientId: 'the-client', now: Date.now, log: logLines().log },
        audit: (event) => audited.push(event),
      },
    );
    await sent(credentials);
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const slow = credentials.use(
      () => late,
      () => 'accepted',
    );
    await delay(10);
    writeFileSync(away, '');
    expect(await sent(credentials)).to.have.property('kind', 'secret');
    expect(credentials.inUse).to.equal('second');
    resolve();
    await slow;
    expect(credentials.inUse).to.equal('second');
    expect(audited).to.have.length(1);
  });

  it('whose assertion fails in its use is left alone for longer each time, by all but one', async () => {
    let now = 1_800_000_000_000;
    const credentials = new ClientCredentials(
      [
        { sourceType: 'ClientSecret', key: 'first', secret: 'a' },
        { sourceType: 'ClientSecret', key: 'second', secret: 'b' },
      ],
      { clientId: 'c', now: () => now, log: logLines().log, audit: () => {} },
    );
    let failures = 0;
    const send = async (proof: Proof) => {
      if (proof.kind !== 'secret' || proof.secret !== 'a') return 'sent';
      failures += 1;
      throw new CredentialUnusable('cannot sign', { fix: 'Wait.', isPassing: true });
    };
    const many = () =>
      Promise.all(Array.from({ length: 10 }, () => credentials.use(send, () => 'accepted')));
    await credentials.use(send, () => 'accepted');
    for (const [seconds, expected] of [
      [0, 1],
      [1.1, 2],
      [1.1, 2],
      [1, 3],
      [3, 3],
      [1.1, 4],
    ] as const) {
      now += seconds * 1000;
      await many();
      expect(failures, `after ${seconds} s`).to.equal(expected);
    }
    expect(credentials.status[0]?.state).to.equal('unusable');
  });

  it('that throws at once leaves no promise behind that would end the process', async () => {
    const throwing = () => {
      throw new RangeError('at once');
    };
    const request = { clientId: 'the-client', data: {} };
    const error = await caught(customAssertion(throwing, request, 'a.mjs', 20));
    expect(error).to.be.instanceOf(CredentialUnusable);
    const unheard: unknown[] = [];
    const listen = (reason: unknown) => unheard.push(reason);
    process.once('unhandledRejection', listen);
    await delay(60);
    process.off('unhandledRejection', listen);
    expect(unheard).to.deep.equal([]);
  });

  it('that never answers is given up after five seconds, which begin when it is loaded', async () => {
    const { credentials } = credentialsOf(
      `await new Promise((resolve) => setTimeout(resolve, 1500));
      export const getAssertion = () => new Promise(() => {});`,
    );
    const began = performance.now();
    expect(await caught(sent(credentials))).to.be.instanceOf(Unavailable);
    expect(performance.now() - began).to.be.within(6000, 10_000);
  }).timeout(15_000);
});
