/** Discovery: whose document is taken, how long it is kept, and what an outage does. */
import { setTimeout } from 'node:timers/promises';
import { expect } from 'chai';
import { authorityHealth } from '../../src/authority/authority-health.ts';
import { createAuthority } from '../../src/authority/create-authority.ts';
import { metadataUrl } from '../../src/authority/metadata.ts';
import { Misconfigured, Unavailable } from '../../src/errors.ts';
import { createLog } from '../../src/log.ts';
import {
  OTHER_TENANT,
  PERSONAL,
  type StubAuthority,
  startStubAuthority,
  TENANT,
} from '../support/stub-authority.ts';
import { anAuthority, failure, impatient, settingsFor } from './an-authority.ts';

describe('The authority’s metadata', () => {
  let stub: StubAuthority;
  beforeEach(async () => {
    stub = await startStubAuthority();
  });
  afterEach(() => stub.close());

  it('is looked for where Entra ID and OpenID Connect put it', () => {
    const instance = new URL('https://login.microsoftonline.us/');
    expect(metadataUrl({ kind: 'entra', instance, tenantId: 'common' }).href).to.equal(
      'https://login.microsoftonline.us/common/v2.0/.well-known/openid-configuration',
    );
    const issuer = new URL('https://id.test/realm/');
    expect(metadataUrl({ kind: 'oidc', issuer }).href).to.equal(
      'https://id.test/realm/.well-known/openid-configuration',
    );
  });

  for (const tenantId of ['common', 'organizations', 'consumers', TENANT, 'contoso.test']) {
    it(`is taken for ${tenantId}`, async () => {
      const metadata = await anAuthority(stub, { tenantId }).metadata.current();
      expect(metadata.tokenEndpoint).to.equal(`${stub.origin}/${tenantId}/oauth2/v2.0/token`);
    });
  }

  const foreign: readonly (readonly [string, string, (issuer: string) => object])[] = [
    ['another tenant', TENANT, (o) => ({ issuer: `${o}/${OTHER_TENANT}/v2.0` })],
    ['another host', TENANT, () => ({ issuer: `https://evil.test/${TENANT}/v2.0` })],
    ['one tenant where many were asked for', 'common', (o) => ({ issuer: `${o}/${TENANT}/v2.0` })],
    ['many tenants where one was asked for', TENANT, (o) => ({ issuer: `${o}/{tenantid}/v2.0` })],
    ['work accounts for consumers', 'consumers', (o) => ({ issuer: `${o}/${TENANT}/v2.0` })],
    ['a domain with no GUID', 'contoso.test', (o) => ({ issuer: `${o}/contoso.test/v2.0` })],
    ['v1.0', TENANT, (o) => ({ issuer: `${o}/${TENANT}/` })],
    ['a token endpoint elsewhere', TENANT, () => ({ token_endpoint: 'https://evil.test/token' })],
    ['keys elsewhere', TENANT, () => ({ jwks_uri: 'https://evil.test/keys' })],
    ['no token endpoint', TENANT, () => ({ token_endpoint: undefined })],
  ];
  for (const [what, tenantId, change] of foreign) {
    it(`is refused when it speaks for ${what}`, async () => {
      stub.onDiscovery = () => ({ body: { ...stub.document(tenantId), ...change(stub.origin) } });
      const authority = anAuthority(stub, { tenantId });
      expect(await failure(authority.metadata.current())).to.be.instanceOf(Misconfigured);
      expect(stub.requests, 'not tried again').to.have.length(1);
    });
  }

  it('must have exactly the issuer configured, for plain OpenID Connect', async () => {
    const plain = (issuer: string) =>
      createAuthority(settingsFor({ kind: 'oidc', issuer: new URL(issuer) }), {
        fetch,
        now: Date.now,
        log: createLog('silent'),
        audit: () => {},
      });
    stub.onDiscovery = () => ({ body: { ...stub.document(''), issuer: stub.origin } });
    expect((await plain(stub.origin).metadata.current()).issuer).to.equal(stub.origin);
    const error = await failure(plain(`${stub.origin}/other`).metadata.current());
    expect(error).to.be.instanceOf(Misconfigured);
  });

  it('is refused when it names an endpoint on plain http that is not loopback', async () => {
    const settings = settingsFor({ kind: 'oidc', issuer: new URL(stub.origin) });
    const parts = { fetch, now: Date.now, log: createLog('silent'), audit: () => {} };
    for (const name of ['authorization_endpoint', 'token_endpoint', 'jwks_uri']) {
      const endpoint = { [name]: 'http://evil.test/' };
      stub.onDiscovery = () => ({
        body: { ...stub.document(''), issuer: stub.origin, ...endpoint },
      });
      const error = await failure(createAuthority(settings, parts).metadata.current());
      expect(error).to.be.instanceOf(Misconfigured);
    }
  });

  it('is not looked for where a redirect points', async () => {
    stub.onDiscovery = ({ path }) =>
      path === '/elsewhere'
        ? { body: stub.document(TENANT) }
        : { status: 302, headers: { location: '/elsewhere' }, body: '' };
    const error = await failure(anAuthority(stub).metadata.current());
    expect(error).to.be.instanceOf(Misconfigured);
  });

  it('is refused for a tenant that does not exist', async () => {
    stub.onDiscovery = () => ({ status: 400, body: { error: 'invalid_tenant' } });
    const error = await failure(anAuthority(stub).metadata.current());
    expect(error).to.be.instanceOf(Misconfigured);
  });

  it('is fetched once for all who ask at the same time', async () => {
    const authority = anAuthority(stub);
    await Promise.all(Array.from({ length: 10 }, () => authority.metadata.current()));
    expect(stub.requests).to.have.length(1);
  });

  it('is waited for while the authority starts', async () => {
    let failures = 2;
    stub.onDiscovery = () =>
      failures-- > 0 ? { status: 503, body: 'later' } : { body: stub.document(TENANT) };
    await anAuthority(stub).metadata.current();
    expect(stub.requests).to.have.length(3);
  });

  it('is not there while the authority is down, and there when it is back', async () => {
    const port = Number(new URL(stub.origin).port);
    const limits = { totalMs: 200, backoffMs: 20 };
    const authority = anAuthority(stub, { limits });
    expect(authorityHealth(authority)).to.equal('unknown');
    await stub.close();
    const error = await failure(authority.metadata.current());
    expect(error).to.be.instanceOf(Unavailable).with.property('outcome', 'not-done');
    expect(authorityHealth(authority)).to.equal('down');

    stub = await startStubAuthority(port);
    await authority.metadata.current();
    expect(authorityHealth(authority)).to.equal('up');
  });

  const passing: readonly (readonly [string, StubAuthority['onDiscovery']])[] = [
    ['HTML', () => ({ body: '<html>Welcome to the hotel</html>' })],
    ['5xx', () => ({ status: 503, body: { error: 'temporarily_unavailable' } })],
    [
      'more than it should',
      () => ({ body: { ...stub.document(TENANT), padding: 'x'.repeat(2_000_000) } }),
    ],
    ['silence', () => 'silence'],
    ['half an answer', () => 'cut'],
  ];
  for (const [what, behaviour] of passing) {
    it(`says "later" when the authority gives ${what}`, async () => {
      stub.onDiscovery = behaviour;
      const authority = anAuthority(stub, { limits: impatient });
      expect(await failure(authority.metadata.current())).to.be.instanceOf(Unavailable);
    });
  }

  it('waits as long as a throttling authority says', async () => {
    const headers = { 'retry-after': '60' };
    stub.onDiscovery = () => ({ status: 429, headers, body: 'Too Many Requests' });
    // The second attempt would come too late.
    const authority = anAuthority(stub, { limits: { totalMs: 3000, backoffMs: 3000 } });
    const error = await failure(authority.metadata.current());
    expect(error).to.be.instanceOf(Unavailable).with.property('retryAfterSeconds', 60);
  });

  it('is renewed after a day, and served meanwhile and through an outage', async () => {
    let now = Date.now();
    const authority = anAuthority(stub, {
      now: () => now,
      limits: { totalMs: 200, backoffMs: 20 },
    });
    const first = await authority.metadata.current();
    now += 23 * 3_600_000;
    await authority.metadata.current();
    expect(stub.requests).to.have.length(1);

    now += 2 * 3_600_000;
    stub.onDiscovery = () => ({ status: 503, body: 'down' });
    expect(await authority.metadata.current()).to.equal(first);
    await failure(authority.metadata.reload());
    const asked = stub.requests.length;
    expect(asked).to.be.above(1);
    expect(await authority.metadata.current(), 'no new attempt at once').to.equal(first);
    await setTimeout(15);
    expect(stub.requests).to.have.length(asked);

    now += 61_000;
    stub.onDiscovery = () => ({
      body: { ...stub.document(TENANT), end_session_endpoint: undefined },
    });
    await authority.metadata.current();
    await authority.metadata.reload();
    expect((await authority.metadata.current()).endSessionEndpoint).to.equal(undefined);
  });

  it('knows the personal tenant by its GUID', async () => {
    const { issuer } = await anAuthority(stub, { tenantId: 'consumers' }).metadata.current();
    expect(issuer).to.equal(`${stub.origin}/${PERSONAL}/v2.0`);
  });
});
