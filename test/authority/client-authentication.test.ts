/** The client assertion: its form, and its fallback. */
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { expect } from 'chai';
import { decodeProtectedHeader, jwtVerify } from 'jose';
import { selfSigned, toPem } from '../../scripts/sandbox/self-signed.ts';
import { refreshTokens } from '../../src/authority/refresh-tokens.ts';
import { Misconfigured } from '../../src/errors.ts';
import { createAuthority as aRoot } from '../support/certificate-authority.ts';
import {
  aadsts,
  CLIENT_ID,
  type StubAuthority,
  startStubAuthority,
  TENANT,
} from '../support/stub-authority.ts';
import { aCertificate, anAuthority, aRefresh, failure } from './an-authority.ts';

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const der = selfSigned('site', privateKey, Date.now());
const certificate = new X509Certificate(der);

const pem = (certificates: string) =>
  Buffer.from(`${privateKey.export({ type: 'pkcs8', format: 'pem' })}${certificates}`);
const credentials = [aCertificate(pem(toPem(der)))];

describe('A client certificate', () => {
  let stub: StubAuthority;
  beforeEach(async () => {
    stub = await startStubAuthority();
  });
  afterEach(() => stub.close());

  const assertions = () => stub.tokenRequests.map(({ form }) => form.get('client_assertion') ?? '');

  it('signs an assertion for the token endpoint in use, under its SHA-256 thumbprint', async () => {
    await refreshTokens(anAuthority(stub, { credentials }), aRefresh());
    const [request] = stub.tokenRequests;
    expect(request?.form.get('client_assertion_type')).to.equal(
      'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    );
    expect(request?.form.has('client_secret')).to.equal(false);
    const { payload, protectedHeader } = await jwtVerify(
      assertions()[0] ?? '',
      certificate.publicKey,
      { issuer: CLIENT_ID, subject: CLIENT_ID },
    );
    const thumbprint = Buffer.from(certificate.fingerprint256.replaceAll(':', ''), 'hex');
    expect(protectedHeader).to.deep.equal({
      alg: 'PS256',
      typ: 'JWT',
      'x5t#S256': thumbprint.toString('base64url'),
    });
    expect(payload.aud).to.equal(`${stub.origin}/${TENANT}/oauth2/v2.0/token`);
    expect(payload.jti).to.have.length.above(20);
    expect((payload.exp ?? 0) - (payload.nbf ?? 0)).to.equal(600);
  });

  it('carries its chain when asked to', async () => {
    const root = await aRoot();
    const between = await root.createIntermediate('Between');
    const issued = await between.issue({ commonName: 'site' });
    const file = between.certificate + issued.privateKey + issued.certificate + root.certificate;
    const chained = [aCertificate(Buffer.from(file), { sendX5c: true })];
    await refreshTokens(anAuthority(stub, { credentials: chained }), aRefresh());
    const base64 = (text: string) => new X509Certificate(text).raw.toString('base64');
    expect(decodeProtectedHeader(assertions()[0] ?? '').x5c).to.deep.equal([
      base64(issued.certificate),
      base64(between.certificate),
    ]);
  });

  describe('that is not found by its SHA-256 thumbprint', () => {
    const header = (index: number) => decodeProtectedHeader(assertions()[index] ?? '');
    beforeEach(() => {
      stub.onToken = async ({ form }) =>
        decodeProtectedHeader(form.get('client_assertion') ?? '').x5t === undefined
          ? { status: 401, body: aadsts('invalid_client', 700027) }
          : { body: await stub.tokens() };
    });

    it('is named once more by its SHA-1, and at once from then on', async () => {
      const authority = anAuthority(stub, { credentials });
      let asked = 0;
      const beforeSend = () => {
        asked += 1;
      };
      const answer = await refreshTokens(authority, aRefresh({ beforeSend }));
      expect(answer).to.have.property('kind', 'verified');
      expect(asked, 'each sending is asked for').to.equal(2);
      const sha1 = Buffer.from(certificate.fingerprint.replaceAll(':', ''), 'hex');
      expect(header(1)).to.deep.equal({
        alg: 'RS256',
        typ: 'JWT',
        x5t: sha1.toString('base64url'),
      });
      await jwtVerify(assertions()[1] ?? '', certificate.publicKey);
      await refreshTokens(authority, aRefresh());
      expect(header(2).alg).to.equal('RS256');
      expect(stub.tokenRequests).to.have.length(3);
    });

    it('is the operator’s to mend when neither is found', async () => {
      stub.onToken = () => ({ status: 401, body: aadsts('invalid_client', 700027) });
      let now = Date.now();
      const authority = anAuthority(stub, { credentials, now: () => now });
      const error = await failure(refreshTokens(authority, aRefresh()));
      expect(error).to.be.instanceOf(Misconfigured);
      expect(stub.tokenRequests).to.have.length(2);
      now += 6000;
      await failure(refreshTokens(authority, aRefresh()));
      expect(header(2).alg, 'nothing was learnt').to.equal('PS256');
    });
  });

  it('is not thought to need the older form because of a fault that came between', async () => {
    const answers = [
      { status: 401, body: aadsts('invalid_client', 700027) },
      { status: 503, body: {} },
    ];
    stub.onToken = async () => answers.shift() ?? { body: await stub.tokens() };
    const authority = anAuthority(stub, { credentials });
    await failure(refreshTokens(authority, aRefresh()));
    await refreshTokens(authority, aRefresh());
    const algorithms = assertions().map((each) => decodeProtectedHeader(each).alg);
    expect(algorithms).to.deep.equal(['PS256', 'RS256', 'PS256']);
  });

  it('is not tried again for another refusal', async () => {
    stub.onToken = () => ({ status: 401, body: aadsts('invalid_client', 700024) });
    await failure(refreshTokens(anAuthority(stub, { credentials }), aRefresh()));
    expect(stub.tokenRequests).to.have.length(1);
  });
});
