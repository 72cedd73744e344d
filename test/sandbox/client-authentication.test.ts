/** Client secrets and client assertions at the token endpoint. */
import { createHash, generateKeyPairSync, randomUUID, X509Certificate } from 'node:crypto';
import { expect } from 'chai';
import { SignJWT } from 'jose';
import { demoApp } from '../../scripts/sandbox/sandbox-options.ts';
import { selfSigned, toPem } from '../../scripts/sandbox/self-signed.ts';
import { type Sandbox, startSandbox } from '../../scripts/sandbox/start-sandbox.ts';
import { type Answer, TestClient } from './test-client.ts';

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const certificate = toPem(selfSigned('the app', privateKey, Date.now()));
const hash = (algorithm: string) =>
  createHash(algorithm).update(new X509Certificate(certificate).raw).digest('base64url');

describe('Sandbox client authentication', () => {
  let sandbox: Sandbox;
  let client: TestClient;
  before(async () => {
    sandbox = await startSandbox({ apps: [{ ...demoApp, certificates: [certificate] }] });
    client = new TestClient(sandbox);
  });
  after(() => sandbox.close());

  /** Past client authentication, a refresh token never issued is what is wrong. */
  const expectAccepted = ({ body }: Answer) =>
    expect(body, JSON.stringify(body)).to.deep.include({ error_codes: [70000] });

  const ask = (more: Record<string, string>, headers: Record<string, string> = {}) =>
    client.token({ grant_type: 'refresh_token', refresh_token: 'x', ...more }, headers);

  it('accepts a secret in the form and by Basic', async () => {
    expectAccepted(await ask({}));
    const pair = [demoApp.clientId, encodeURIComponent(demoApp.secrets[0] ?? '')].join(':');
    const authorization = `Basic ${Buffer.from(pair).toString('base64')}`;
    expectAccepted(await ask({ client_secret: '' }, { authorization }));
  });

  it('refuses a wrong secret, no credential and an unknown app', async () => {
    const wrong = await ask({ client_secret: 'wrong' });
    expect(wrong.status).to.equal(401);
    expect(wrong.body).to.deep.include({ error: 'invalid_client', error_codes: [7000215] });
    expect((await ask({ client_secret: '' })).body['error_codes']).to.deep.equal([7000218]);
    const unknown = await ask({ client_id: randomUUID() });
    expect(unknown.body).to.deep.include({ error: 'unauthorized_client', error_codes: [700016] });
  });

  interface Assertion {
    readonly header?: object;
    readonly payload?: object;
    readonly key?: Parameters<SignJWT['sign']>[0];
  }

  const assert = async ({ header = {}, payload = {}, key = privateKey }: Assertion = {}) => {
    const now = Math.floor(Date.now() / 1000);
    const jwt = new SignJWT({
      aud: `${sandbox.url}common/oauth2/v2.0/token`,
      iss: demoApp.clientId,
      sub: demoApp.clientId,
      jti: randomUUID(),
      nbf: now,
      exp: now + 600,
      ...payload,
    });
    jwt.setProtectedHeader({ alg: 'PS256', typ: 'JWT', 'x5t#S256': hash('sha256'), ...header });
    return jwt.sign(key);
  };

  const present = (assertion: string) =>
    ask({
      client_secret: '',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: assertion,
    });

  const rs256 = { alg: 'RS256', x5t: hash('sha1'), 'x5t#S256': undefined };

  it('accepts PS256 with x5t#S256, and RS256 with x5t', async () => {
    expectAccepted(await present(await assert()));
    expectAccepted(await present(await assert({ header: rs256 })));
  });

  it('refuses x5t#S256 with AADSTS700027 when told, once', async () => {
    sandbox.controls.refuseSha256Thumbprints();
    expect((await present(await assert())).body['error_codes']).to.deep.equal([700027]);
    expectAccepted(await present(await assert()));
  });

  it('refuses an assertion that was used before', async () => {
    const assertion = await assert();
    expectAccepted(await present(assertion));
    expect((await present(assertion)).body['error_codes']).to.deep.equal([50027]);
  });

  const issuer = 'http://127.0.0.1/{tenantid}/v2.0';
  const other = randomUUID();
  const refusals: readonly (readonly [string, number, Assertion])[] = [
    ['the issuer as its audience', 700023, { payload: { aud: issuer } }],
    ['a list of audiences', 50027, { payload: { aud: [issuer] } }],
    ['the name of another application', 700021, { payload: { iss: other, sub: other } }],
    ['another subject', 700021, { payload: { sub: other } }],
    ['another issuer, of which the application knows none', 70025, { payload: { iss: other } }],
    ['an expiry in the past', 700024, { payload: { exp: 1 } }],
    ['a start in the future', 700024, { payload: { nbf: 4e9 } }],
    ['no jti', 50027, { payload: { jti: undefined } }],
    ['no thumbprint', 50027, { header: { 'x5t#S256': undefined } }],
    ['a thumbprint never registered', 700027, { header: { 'x5t#S256': 'x'.repeat(43) } }],
    ['a SHA-1 thumbprint in x5t#S256', 700027, { header: { 'x5t#S256': hash('sha1') } }],
    [
      'the signature of another key',
      700027,
      { key: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey },
    ],
  ];
  for (const [what, number, assertion] of refusals) {
    it(`refuses an assertion with ${what}: AADSTS${number}`, async () => {
      const { status, body } = await present(await assert(assertion));
      expect(status).to.equal(401);
      expect(body).to.deep.include({ error: 'invalid_client', error_codes: [number] });
    });
  }
});
