/** The faults that a sandbox makes when it is told to. */
import { expect } from 'chai';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { demoApp } from '../../scripts/sandbox/sandbox-options.ts';
import { type Sandbox, startSandbox } from '../../scripts/sandbox/start-sandbox.ts';
import { answerOf, claimsOf, TestClient, text } from './test-client.ts';

const ada = 'ada@contoso.example';

describe('Sandbox faults', () => {
  let sandbox: Sandbox;
  let client: TestClient;
  let accessToken: string;
  let refreshToken: string;
  beforeEach(async () => {
    sandbox = await startSandbox();
    client = new TestClient(sandbox);
    const body = await client.signIn(ada);
    accessToken = text(body, 'access_token');
    refreshToken = text(body, 'refresh_token');
  });
  afterEach(() => sandbox.close());

  const me = () => client.call(`${sandbox.graphUrl}/me`, accessToken);
  const failureOf = (promise: Promise<unknown>) =>
    promise.then(
      () => 'answered',
      (error: Error) => (error.name === 'TimeoutError' ? 'silence' : 'broken'),
    );

  it('throttles the next token requests as Entra ID does, in plain text', async () => {
    sandbox.controls.throttle('authority', 1, 60);
    const { status, headers, body } = await client.refresh(refreshToken);
    expect(status).to.equal(429);
    expect(headers.get('retry-after')).to.equal('60');
    expect(headers.get('content-type')).to.contain('text/plain');
    expect(body['text']).to.equal('Too Many Requests');
    expect((await client.refresh(refreshToken)).status).to.equal(200);
  });

  it('throttles the whole tenant, in JSON with its number', async () => {
    sandbox.controls.throttleTenant(2, 45);
    expect((await me()).status, 'no API').to.equal(200);
    const keys = await fetch(`${sandbox.url}common/discovery/v2.0/keys`);
    expect(keys.status, 'no other endpoint').to.equal(200);
    const credentials = { grant_type: 'client_credentials', scope: 'x' };
    for (const asked of [client.refresh(refreshToken), client.token(credentials)]) {
      const { status, headers, body } = await asked;
      expect(status).to.equal(429);
      expect(headers.get('retry-after')).to.equal('45');
      expect(body).to.deep.include({ error: 'temporarily_unavailable', error_codes: [90055] });
    }
    expect((await client.refresh(refreshToken)).status).to.equal(200);
    sandbox.controls.throttleTenant(9);
    sandbox.controls.mendAll();
    expect((await client.refresh(refreshToken)).status).to.equal(200);
  });

  it('throttles Graph in its own shape', async () => {
    sandbox.controls.throttle('graph', 1, 7);
    const { status, headers, body } = await me();
    expect(status).to.equal(429);
    expect(headers.get('retry-after')).to.equal('7');
    expect(body['error']).to.include({ code: 'TooManyRequests' });
    expect((await me()).status).to.equal(200);
  });

  it('takes the authority away by error, page, silence or reset, and brings it back', async () => {
    sandbox.controls.outage('authority', '503json');
    const down = await client.refresh(refreshToken);
    expect(down.status).to.equal(503);
    expect(down.body['error']).to.equal('temporarily_unavailable');
    expect(down.headers.has('retry-after')).to.equal(false);
    sandbox.controls.outage('authority', 'html');
    const page = await client.refresh(refreshToken);
    expect(page.status).to.equal(502);
    expect(page.headers.get('content-type')).to.contain('text/html');
    sandbox.controls.outage('authority', 'connection-reset');
    expect(await failureOf(client.refresh(refreshToken))).to.equal('broken');
    sandbox.controls.outage('authority', 'silence');
    const keys = `${sandbox.url}common/discovery/v2.0/keys`;
    const wait = { signal: AbortSignal.timeout(100) };
    expect(await failureOf(fetch(keys, wait))).to.equal('silence');
    expect((await me()).status).to.equal(200);
    sandbox.controls.outage('authority', 'none');
    expect((await client.refresh(refreshToken)).status).to.equal(200);
  });

  it('confines an outage to the endpoints named', async () => {
    sandbox.controls.outage('authority', '503json', ['keys']);
    expect((await fetch(`${sandbox.url}common/discovery/v2.0/keys`)).status).to.equal(503);
    expect((await client.refresh(refreshToken)).status).to.equal(200);
  });

  for (const [outage, status] of [
    ['403', 403],
    ['404', 404],
    ['500', 500],
    ['503json', 503],
    ['html', 200],
  ] as const) {
    it(`answers ${status} from Graph for the outage ${outage}`, async () => {
      sandbox.controls.outage('graph', outage);
      const answer = await me();
      expect(answer.status).to.equal(status);
      if (outage === 'html') expect(answer.body['text']).to.contain('<h1>');
      else expect(answer.body['error']).to.have.property('code');
    });
  }

  it('redirects Graph calls to another host, which writes down what it was sent', async () => {
    sandbox.controls.outage('graph', 'redirect');
    const location = (await me()).headers.get('location') ?? '';
    expect(new URL(location).hostname).to.equal('localhost');
    await fetch(location, { headers: { authorization: 'Bearer leaked' } });
    expect(sandbox.requests.at(-1)).to.have.nested.property('headers.authorization');
  });

  it('sends 50 MB of JSON', async () => {
    sandbox.controls.outage('graph', 'big-body');
    const response = await fetch(`${sandbox.graphUrl}/me`);
    let size = 0;
    for await (const chunk of response.body ?? []) size += chunk.length;
    expect(size).to.be.greaterThan(50_000_000);
  });

  it('holds answers back after the work is done', async () => {
    sandbox.controls.setRefreshTokens('rotating');
    sandbox.controls.setLatencyMs(5000);
    const body = new URLSearchParams({
      client_id: demoApp.clientId,
      client_secret: demoApp.secrets[0] ?? '',
      grant_type: 'refresh_token',
      refresh_token: refreshToken,
    });
    const url = `${sandbox.url}common/oauth2/v2.0/token`;
    const given = fetch(url, { method: 'POST', body, signal: AbortSignal.timeout(200) });
    expect(await failureOf(given)).to.equal('silence');
    sandbox.controls.setLatencyMs(0);
    expect((await client.refresh(refreshToken)).status).to.equal(400);
  });

  it('expires access tokens given so far, and only those', async () => {
    expect((await me()).status).to.equal(200);
    sandbox.controls.expireAccessTokens();
    const { status, headers } = await me();
    expect(status).to.equal(401);
    expect(headers.get('www-authenticate')).to.contain('invalid_token');
    accessToken = text((await client.refresh(refreshToken)).body, 'access_token');
    expect((await me()).status).to.equal(200);
  });

  it('challenges as Graph does, until a token is got with the claims it names', async () => {
    sandbox.controls.challenge('graph', 'revoked');
    const { status, headers } = await me();
    expect(status).to.equal(401);
    const header = headers.get('www-authenticate') ?? '';
    expect(header).to.match(
      /authorization_uri=http:\/\/[^",]+, client_id="[^"]+", error="insufficient_claims"/,
    );
    const encoded = header.match(/claims="([^"]*)"/)?.[1] ?? '';
    expect(encoded.length % 4).to.equal(0);
    accessToken = text((await client.refresh(refreshToken)).body, 'access_token');
    expect((await me()).status).to.equal(401);
    const claims = Buffer.from(encoded, 'base64').toString();
    const scopes = 'openid offline_access User.Read';
    const { body } = await client.refresh(refreshToken, scopes, { claims });
    accessToken = text(body, 'access_token');
    expect((await me()).status).to.equal(200);
  });

  it('answers a challenge for an authentication context after a strong sign-in only', async () => {
    sandbox.controls.challenge('graph', 'authentication-context');
    const header = (await me()).headers.get('www-authenticate') ?? '';
    const encoded = header.match(/claims="([^"]*)"/)?.[1] ?? '';
    const claims = Buffer.from(encoded, 'base64').toString();
    const refused = await client.refresh(refreshToken, 'User.Read', { claims });
    expect(refused.body).to.deep.include({ suberror: 'basic_action', claims });
    const code = await client.code(ada, { claims });
    accessToken = text((await client.redeem(code, { claims })).body, 'access_token');
    expect((await me()).status).to.equal(200);
  });

  it('forgets consents, signs people out here, and mends itself', async () => {
    sandbox.controls.revokeConsents(ada);
    expect((await client.refresh(refreshToken)).body['error_codes']).to.deep.equal([65001]);
    sandbox.controls.outage('graph', '500');
    sandbox.controls.mendAll();
    expect((await me()).status).to.equal(200);
  });

  describe('ID tokens', () => {
    const next = async () => (await client.redeem(await client.code(ada))).body;
    const published = async () => {
      const answer = await answerOf(await fetch(`${sandbox.url}common/discovery/v2.0/keys`));
      return createLocalJWKSet({ keys: JSON.parse(JSON.stringify(answer.body['keys'])) });
    };

    it('are signed by a published key, unless told otherwise', async () => {
      await jwtVerify(text(await next(), 'id_token'), await published());
      for (const fault of ['wrong-key', 'unknown-key'] as const) {
        sandbox.controls.spoilNextIdToken(fault);
        const token = text(await next(), 'id_token');
        const keys = await published();
        const failure = await jwtVerify(token, keys).then(
          () => 'verified',
          () => 'refused',
        );
        expect(failure, fault).to.equal('refused');
      }
    });

    for (const [fault, claim] of [
      ['wrong-nonce', 'nonce'],
      ['no-nonce', 'nonce'],
      ['foreign-tid', 'tid'],
      ['wrong-iss', 'iss'],
      ['wrong-aud', 'aud'],
      ['expired', 'exp'],
      ['other-account', 'sub'],
    ] as const) {
      it(`have another ${claim} once for ${fault}, and are right again after`, async () => {
        const good = claimsOf(text(await next(), 'id_token'));
        sandbox.controls.spoilNextIdToken(fault);
        const bad = claimsOf(text(await next(), 'id_token'));
        expect(bad[claim]).not.to.equal(good[claim]);
        if (fault === 'expired') expect(Number(bad['exp'])).to.be.lessThan(Date.now() / 1000);
        const after = claimsOf(text(await next(), 'id_token'));
        if (fault !== 'expired') expect(after[claim]).to.equal(good[claim]);
      });
    }

    it('come without client_info once', async () => {
      sandbox.controls.spoilNextIdToken('no-client-info');
      expect(await next()).not.to.have.property('client_info');
      expect(await next()).to.have.property('client_info');
    });
  });
});
