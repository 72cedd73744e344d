/** Several credentials at the token endpoint: their order, which takes over, and what is remembered and told. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import type { AuditEvent } from '../../src/audit.ts';
import { refreshTokens } from '../../src/authority/refresh-tokens.ts';
import type { ClientCredential } from '../../src/config/settings.ts';
import { Misconfigured, Unavailable } from '../../src/errors.ts';
import { aCertificate as aPair } from '../config/a-certificate.ts';
import { anAssertionModule } from '../support/assertion-module.ts';
import { type LogLines, logLines } from '../support/log-lines.ts';
import { aFolder } from '../support/site-process.ts';
import { aadsts, type StubAuthority, startStubAuthority } from '../support/stub-authority.ts';
import { aCertificate, anAuthority, aRefresh, aSecret, failure } from './an-authority.ts';

const FIRST = aSecret('first', 'AzureAd:ClientCredentials:0');
const SECOND = aSecret('second', 'AzureAd:ClientCredentials:1');
const MINUTES = 60_000;

const isMisconfigured = (error: unknown) => error instanceof Misconfigured;

describe('A list of credentials', () => {
  let stub: StubAuthority;
  let lines: LogLines;
  let audited: AuditEvent[];
  let now: number;
  let good: string[];
  let code: number;

  beforeEach(async () => {
    stub = await startStubAuthority();
    lines = logLines();
    audited = [];
    now = Date.now();
    good = ['second'];
    code = 7000215;
    stub.onToken = async ({ form }) =>
      good.includes(form.get('client_secret') ?? '')
        ? { body: await stub.tokens() }
        : { status: 401, body: aadsts('invalid_client', code) };
  });
  afterEach(() => stub.close());

  const an = (...credentials: ClientCredential[]) =>
    anAuthority(stub, {
      ...{ credentials, log: lines.log, now: () => now },
      audit: (event) => audited.push(event),
    });
  const tried = () => stub.tokenRequests.map(({ form }) => form.get('client_secret'));

  /** One that gives another assertion each time. */
  function aModule(): ClientCredential {
    const module = join(aFolder(), 'assertions.mjs');
    writeFileSync(
      module,
      `let count = 0;
      const encoded = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
      export const getAssertion = () => encoded({}) + '.' + encoded({ jti: count++ }) + '.c2ln';`,
    );
    return { sourceType: 'CustomSignedAssertion', key: FIRST.key, module, data: {} };
  }

  it('is used from its beginning', async () => {
    good = ['first', 'second'];
    await refreshTokens(an(FIRST, SECOND), aRefresh());
    expect(tried()).to.deep.equal(['first']);
  });

  for (const refused of [
    ...[700027, 700024, 7000214, 1000502, 7000274, 7000277, 7000215, 7000222],
    ...[70021, 70025, 700211, 700212, 700213, 7002137, 500133],
    ...[700030, 50012, 50013, 50027, 700021, 700023],
  ]) {
    it(`goes on to the next after AADSTS${refused}, once, and stays with it`, async () => {
      code = refused;
      const authority = an(FIRST, SECOND);
      const answer = await refreshTokens(authority, aRefresh());
      expect(answer).to.have.property('kind', 'verified');
      await refreshTokens(authority, aRefresh());
      expect(tried()).to.deep.equal(['first', 'second', 'second']);
    });
  }

  for (const ofIssuer of [90061, 50166, 501661, 70021]) {
    const body = aadsts('invalid_request', ofIssuer);
    const answerAssertions = () => {
      stub.onToken = async ({ form }) =>
        form.get('client_secret') === 'second'
          ? { body: await stub.tokens() }
          : { status: 400, body };
    };
    it(`goes on where Entra ID could not ask about an assertion (AADSTS${ofIssuer})`, async () => {
      answerAssertions();
      await refreshTokens(an(aModule(), SECOND), aRefresh());
      expect(tried()).to.deep.equal([null, 'second']);
    });

    it(`does not where a secret was shown, which that is not about (AADSTS${ofIssuer})`, async () => {
      answerAssertions();
      await failure(refreshTokens(an(FIRST, SECOND), aRefresh()));
      expect(tried()).to.deep.equal(['first']);
    });
  }

  for (const error of [
    'invalid_grant',
    'interaction_required',
    'access_denied',
    'server_says_no',
  ]) {
    it(`challenges nobody for a refused assertion, though it comes under ${error}`, async () => {
      stub.onToken = () => ({ status: 400, body: aadsts(error, 700213) });
      const thrown = await failure(refreshTokens(an(aModule()), aRefresh()));
      expect(thrown).to.be.instanceOf(Misconfigured);
      expect(thrown).to.have.nested.property('detail.errorCodes').that.includes(700213);
    });
  }

  for (const other of [700016, 7000229, 7000112, 90002, 50011, 501051, 650057]) {
    it(`stays with the first after AADSTS${other}, which no other could mend`, async () => {
      code = other;
      const error = await failure(refreshTokens(an(FIRST, SECOND), aRefresh()));
      expect(error).to.be.instanceOf(Misconfigured);
      expect(tried()).to.deep.equal(['first']);
    });
  }

  it('is not gone through for what is about the person', async () => {
    stub.onToken = () => ({ status: 400, body: aadsts('invalid_grant', 50173) });
    await failure(refreshTokens(an(FIRST, SECOND), aRefresh()));
    expect(tried()).to.deep.equal(['first']);
  });

  it('is not gone through while the authority is busy, whatever number it names', async () => {
    stub.onToken = () => ({ status: 503, body: aadsts('invalid_client', 7000215) });
    const error = await failure(refreshTokens(an(FIRST, SECOND), aRefresh()));
    expect(error).to.be.instanceOf(Unavailable);
    expect(tried()).to.deep.equal(['first']);
  });

  it('is not said to be taken by an authority that is only busy', async () => {
    const authority = an(FIRST, SECOND);
    await refreshTokens(authority, aRefresh());
    stub.onToken = () => ({ status: 503, body: {} });
    now += 16 * MINUTES;
    await failure(refreshTokens(authority, aRefresh()));
    expect(tried().at(-1)).to.equal('first');
    expect(authority.credentials.inUse).to.equal(SECOND.key);
    expect(audited).to.deep.equal([]);
  });

  it('is the operator’s to mend once each was refused: nobody is challenged', async () => {
    good = [];
    const error = await failure(refreshTokens(an(FIRST, SECOND), aRefresh()));
    expect(error).to.be.instanceOf(Misconfigured);
    expect(tried()).to.deep.equal(['first', 'second']);
  });

  it('says that none is left, again every five minutes, and when one is good again', async () => {
    good = [];
    const authority = an(FIRST, SECOND);
    const exhausted = () => lines.of('client_credentials_exhausted');
    for (let minute = 0; minute < 11; minute += 1) {
      await failure(refreshTokens(authority, aRefresh()));
      now += MINUTES;
    }
    expect(exhausted()).to.have.length(3);
    expect(JSON.stringify(exhausted()[0])).to.contain('AADSTS7000215').and.contain(SECOND.key);
    expect(authority.credentials.inUse).to.equal(undefined);
    good = ['first'];
    await refreshTokens(authority, aRefresh());
    expect(lines.of('client_credential_in_use')).to.have.length(1);
    expect(authority.credentials.inUse).to.equal(FIRST.key);
    good = [];
    await failure(refreshTokens(authority, aRefresh()));
    expect(authority.credentials.inUse).to.equal(undefined);
    good = ['first'];
    now += MINUTES;
    await refreshTokens(authority, aRefresh());
    expect(lines.of('client_credential_in_use'), 'said again').to.have.length(2);
    expect(audited, 'it is the same one').to.deep.equal([]);
  });

  it('is left in quiet once all were refused: one request in five seconds asks again', async () => {
    good = [];
    const authority = an(FIRST, SECOND);
    const ask = () => failure(refreshTokens(authority, aRefresh()));
    await Promise.all(Array.from({ length: 50 }, ask));
    expect(tried(), 'those that had begun').to.have.length(100);
    await Promise.all(Array.from({ length: 50 }, ask));
    expect(tried()).to.have.length(100);
    now += 6000;
    const errors = await Promise.all(Array.from({ length: 50 }, ask));
    expect(errors.filter(isMisconfigured), 'the one that asked').to.have.length(1);
    expect(errors.filter((error) => error instanceof Unavailable)).to.have.length(49);
    expect(tried()).to.have.length(102);
    good = ['second'];
    now += 6000;
    await refreshTokens(authority, aRefresh());
    await refreshTokens(authority, aRefresh());
    expect(tried().slice(102)).to.deep.equal(['first', 'second', 'second']);
  });

  it('tries the next for an unknown number, for this request only, and thinks no worse of any', async () => {
    code = 799_999;
    const authority = an(FIRST, SECOND);
    await refreshTokens(authority, aRefresh());
    await refreshTokens(authority, aRefresh());
    expect(tried()).to.deep.equal(['first', 'second', 'first', 'second']);
    good = [];
    const error = await failure(refreshTokens(authority, aRefresh()));
    expect(error).to.be.instanceOf(Misconfigured);
    good = ['first'];
    await refreshTokens(authority, aRefresh());
    expect(tried().at(-1), 'nobody else has to be quiet').to.equal('first');
    expect(lines.of('client_credential_refused')).to.deep.equal([]);
    expect(lines.of('client_credentials_exhausted')).to.deep.equal([]);
  });

  for (const [what, answer] of [
    ['is about the person', { status: 400, body: aadsts('invalid_grant', 50173) }],
    ['is busy', { status: 503, body: {} }],
  ] as const) {
    it(`has its quiet ended by an answer that ${what}`, async () => {
      good = [];
      const authority = an(FIRST, SECOND);
      await failure(refreshTokens(authority, aRefresh()));
      const refusing = stub.onToken;
      now += 6000;
      stub.onToken = () => answer;
      await failure(refreshTokens(authority, aRefresh()));
      stub.onToken = refusing;
      good = ['first'];
      await Promise.all(Array.from({ length: 10 }, () => refreshTokens(authority, aRefresh())));
      expect(tried().at(-1)).to.equal('first');
    });
  }

  it('is not quiet for longer because a clock was set back', async () => {
    good = [];
    const authority = an(FIRST, SECOND);
    await failure(refreshTokens(authority, aRefresh()));
    now -= 60 * MINUTES;
    good = ['first'];
    await refreshTokens(authority, aRefresh());
  });

  it('waits for what was away for a moment rather than to end with one that is refused', async () => {
    const { module, away } = anAssertionModule();
    const custom = { sourceType: 'CustomSignedAssertion', key: FIRST.key } as const;
    const authority = an({ ...custom, module, data: { away } }, SECOND);
    stub.onToken = async ({ form }) =>
      form.has('client_assertion')
        ? { body: await stub.tokens() }
        : { status: 401, body: aadsts('invalid_client', 7000222) };
    writeFileSync(away, '');
    const error = await failure(refreshTokens(authority, aRefresh()));
    expect(error, 'for later, as it may pass').to.be.instanceOf(Unavailable);
    rmSync(away);
    now += 1500;
    await refreshTokens(authority, aRefresh());
    expect(tried(), 'and does not ask about that one again').to.deep.equal(['second', null]);
  });

  it('goes back to one that was refused when the others are refused, too', async () => {
    const authority = an(FIRST, SECOND);
    await refreshTokens(authority, aRefresh());
    good = ['first'];
    await refreshTokens(authority, aRefresh());
    expect(tried()).to.deep.equal(['first', 'second', 'second', 'first']);
  });

  it('begins with the first again a quarter of an hour later', async () => {
    const authority = an(FIRST, SECOND);
    await refreshTokens(authority, aRefresh());
    good = ['first', 'second'];
    now += 14 * MINUTES;
    await refreshTokens(authority, aRefresh());
    now += 2 * MINUTES;
    await refreshTokens(authority, aRefresh());
    expect(tried()).to.deep.equal(['first', 'second', 'second', 'first']);
  });

  it('asks before each sending whether it may still be sent', async () => {
    let asked = 0;
    const beforeSend = () => {
      asked += 1;
    };
    await refreshTokens(an(FIRST, SECOND), aRefresh({ beforeSend }));
    expect(asked).to.equal(2);
  });

  it('lets none of many requests at once fail while it goes on to the next', async () => {
    const authority = an(FIRST, SECOND);
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => refreshTokens(authority, aRefresh())),
    );
    expect(answers.every(({ kind }) => kind === 'verified')).to.equal(true);
    expect(lines.of('client_credential_refused'), 'said once').to.have.length(1);
    expect(authority.credentials.status[0]?.refusals, 'but counted').to.equal(50);
  });

  it('tells which was refused, by which number, what to do, and which is used, with no secret', async () => {
    const authority = an(FIRST, SECOND);
    await refreshTokens(authority, aRefresh());
    const [refused] = lines.of('client_credential_refused');
    expect(refused).to.deep.include({
      level: 50,
      credential: 'AzureAd:ClientCredentials:0',
      sourceType: 'ClientSecret',
      errorCodes: [7000215],
    });
    expect(refused?.['fix']).to.contain('its ID was copied').and.contain('Certificates & secrets');
    expect(lines.of('client_credential_in_use')[0]).to.deep.include({ credential: SECOND.key });
    expect(lines.text()).to.not.match(/first|second/);
    expect(authority.credentials.inUse).to.equal(SECOND.key);
    expect(authority.credentials.status.map(({ state }) => state)).to.deep.equal([
      ...['refused', 'usable'],
    ]);
  });

  it('is audited when another one takes over, and not at the start', async () => {
    good = ['first'];
    const authority = an(FIRST, SECOND);
    await refreshTokens(authority, aRefresh());
    expect(audited).to.deep.equal([]);
    good = ['second'];
    await refreshTokens(authority, aRefresh());
    expect(audited).to.deep.equal([
      {
        event: 'credential_failover',
        ...{ credential: SECOND.key, replaced: FIRST.key, errorCodes: [7000215] },
      },
    ]);
  });

  it('passes over a certificate that is out of its time, and names it', async () => {
    const { privateKey, certificate } = aPair(['rsa:2048'], 10);
    now += 11 * 24 * 60 * MINUTES;
    const authority = an(aCertificate(Buffer.from(privateKey + certificate)), SECOND);
    stub.onToken = ({ form }) => ({
      status: 400,
      body: aadsts('invalid_grant', form.has('client_secret') ? 50173 : 0),
    });
    await failure(refreshTokens(authority, aRefresh()));
    expect(tried()).to.deep.equal(['second']);
    const [line] = lines.of('client_credential_unusable');
    expect(line?.['problem']).to.match(/^expired at /);
    expect(authority.credentials.status[0]?.state).to.equal('unusable');
  });

  it('tells of a change once, however late the answers of before it come', async () => {
    const late: (() => void)[] = [];
    good = ['first', 'second'];
    const authority = an(FIRST, SECOND);
    await refreshTokens(authority, aRefresh());
    // Some that were sent with the first are let through only when others were refused.
    stub.onToken = async ({ form }) => {
      if (late.length < 5) {
        await new Promise<void>((resolve) => late.push(resolve));
        return { body: await stub.tokens() };
      }
      return form.get('client_secret') === 'second'
        ? { body: await stub.tokens() }
        : { status: 401, body: aadsts('invalid_client', 7000215) };
    };
    const slow = Array.from({ length: 5 }, () => refreshTokens(authority, aRefresh()));
    while (late.length < 5) await delay(5);
    good = ['second'];
    await refreshTokens(authority, aRefresh());
    for (const resolve of late) resolve();
    await Promise.all(slow);
    await refreshTokens(authority, aRefresh());
    expect(audited).to.have.length(1);
    expect(lines.of('client_credential_refused')).to.have.length(1);
    expect(tried().at(-1)).to.equal('second');
  });

  it('is audited without the numbers of a refusal that was mended long since', async () => {
    const authority = an(FIRST, SECOND);
    await refreshTokens(authority, aRefresh());
    good = ['first'];
    await refreshTokens(authority, aRefresh());
    audited.length = 0;
    now += 61 * 24 * 60 * MINUTES;
    good = ['first', 'second'];
    await refreshTokens(authority, aRefresh());
    expect(audited).to.deep.equal([]);
  });

  it('goes on to the next where a module makes a new assertion each time, and stays there', async () => {
    const custom = aModule();
    code = 700213;
    const authority = an(custom, SECOND);
    await refreshTokens(authority, aRefresh());
    await refreshTokens(authority, aRefresh());
    expect(tried()).to.deep.equal([null, 'second', 'second']);
  });

  it('asks a module twice at most, where there is nothing else', async () => {
    code = 700213;
    const custom = aModule();
    await failure(refreshTokens(an(custom), aRefresh()));
    expect(tried()).to.have.length(2);
  });

  describe('with a file', () => {
    let file: string;
    beforeEach(() => {
      file = join(aFolder(), 'site.pem');
      stub.onToken = async ({ form }) => {
        const [header = ''] = (form.get('client_assertion') ?? '').split('.');
        const named = Buffer.from(header, 'base64url').toString();
        return good.some((thumbprint) => named.includes(thumbprint))
          ? { body: await stub.tokens() }
          : { status: 401, body: aadsts('invalid_client', 700027) };
      };
    });

    const atFile = (): ClientCredential => ({
      ...{ sourceType: 'Path', key: FIRST.key, certificateFile: file, privateKeyFile: undefined },
      ...{ password: undefined, sendX5c: false },
    });
    function put(): string {
      const { privateKey, certificate, sha256 } = aPair();
      writeFileSync(file, privateKey + certificate);
      return sha256;
    }

    it('reads it again when it has changed', async () => {
      good = [put()];
      const authority = an(atFile());
      await refreshTokens(authority, aRefresh());
      good = [put()];
      await refreshTokens(authority, aRefresh());
      expect(stub.tokenRequests).to.have.length(2);
      const [line] = lines.of('client_credential_replaced');
      expect(line?.['thumbprint']).to.match(/^[0-9A-F]{40}$/);
      expect(line?.['before'])
        .to.match(/^[0-9A-F]{40}$/)
        .and.not.equal(line?.['thumbprint']);
    });

    it('stays with what was good while the file is half written', async () => {
      good = [put()];
      const authority = an(atFile());
      await refreshTokens(authority, aRefresh());
      writeFileSync(file, '-----BEGIN PRIVATE');
      await refreshTokens(authority, aRefresh());
      expect(lines.of('client_credential_kept')).to.have.length(1);
      const [status] = authority.credentials.status;
      expect(status?.state, 'it serves').to.equal('usable');
      expect(status?.problem, 'but the next start would fail').to.contain('holds no');
      good = [put()];
      await refreshTokens(authority, aRefresh());
      expect(stub.tokenRequests).to.have.length(3);
    });

    it('stays with the certificate before where the authority does not know the renewed one', async () => {
      const before = put();
      good = [before];
      const authority = an(atFile());
      await refreshTokens(authority, aRefresh());
      const [{ thumbprint } = {}] = authority.credentials.status;
      const renewed = put();
      const used = () =>
        stub.tokenRequests.slice(1).map(({ form }) => {
          const [header = ''] = (form.get('client_assertion') ?? '').split('.');
          return Buffer.from(header, 'base64url').includes(before) ? 'before' : 'renewed';
        });
      await refreshTokens(authority, aRefresh());
      await refreshTokens(authority, aRefresh());
      expect(used(), 'by both of its names, then no more').to.deep.equal([
        ...['renewed', 'renewed', 'before', 'before'],
      ]);
      expect(lines.of('client_credential_kept')).to.have.length(1);
      const [status] = authority.credentials.status;
      expect(status).to.include({ state: 'usable', thumbprint });
      expect(status?.problem, 'the next start would fail').to.include('AADSTS700027');
      expect(authority.credentials.inUse).to.equal(FIRST.key);

      good = [renewed];
      now += 16 * MINUTES;
      await refreshTokens(authority, aRefresh());
      expect(used().at(-1)).to.equal('renewed');
      expect(authority.credentials.status[0]).to.include({ state: 'usable', problem: undefined });
    });

    it('is the operator’s to mend where the certificate before is refused as well by now', async () => {
      good = [put()];
      const authority = an(atFile());
      await refreshTokens(authority, aRefresh());
      put();
      await refreshTokens(authority, aRefresh());
      good = [];
      expect(await failure(refreshTokens(authority, aRefresh()))).to.be.instanceOf(Misconfigured);
      expect(authority.credentials.status[0]?.state).to.equal('refused');
    });

    it('takes the file for absent while it is, says so, and takes it when it is there', async () => {
      const authority = an(atFile());
      const error = await failure(refreshTokens(authority, aRefresh()));
      expect(error).to.be.instanceOf(Misconfigured);
      expect(stub.tokenRequests).to.deep.equal([]);
      expect(lines.of('client_credential_unusable')[0]?.['problem']).to.contain('does not exist');
      good = [put()];
      await refreshTokens(authority, aRefresh());
      expect(authority.credentials.status[0]).to.deep.include({
        state: 'usable',
        problem: undefined,
      });
    });
  });
});
