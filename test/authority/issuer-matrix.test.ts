/** Whose ID tokens are taken, for every kind of `AzureAd:TenantId`: one case for each cell of a table. */
/*
 * | the token is                                     | common | organizations | consumers | GUID | domain |
 * |--------------------------------------------------|--------|---------------|-----------|------|--------|
 * | of the tenant, or of a person it is for          | taken  | taken         | taken     | taken| taken  |
 * | of another work tenant                           | taken  | taken         | iss       | iss  | iss    |
 * | of a personal account                            | taken  | tid           | taken     | iss  | iss    |
 * | of a guest, at home in another work tenant       | taken  | taken         | iss       | taken| taken  |
 * | of a guest, at home with the personal accounts   | taken  | taken         | iss       | taken| taken  |
 * | with a `tid` that is not its issuer's            | tid    | tid           | tid       | tid  | tid    |
 * | of a personal account, with a work tenant's `tid`| tid    | tid           | tid       | iss  | iss    |
 * | signed with a key of another tenant              | key issuer, everywhere                             |
 * | signed with a key of another cloud               | key cloud, everywhere                              |
 * | signed with a key of the global cloud             | key issuer, everywhere                             |
 * | of a v1.0 endpoint                               | iss, everywhere                                    |
 * | of another cloud                                 | iss, everywhere                                    |
 *
 * A refusal is named after the check that fails. The verdict goes by the tenant signed in to (`tid`, and the
 * issuer that must name the same): where a guest's home is decides nothing.
 */
import { expect } from 'chai';
import { failedIssuer } from '../../src/authority/failed-issuer.ts';
import { SignInFailed } from '../../src/errors.ts';
import {
  clientInfo,
  OTHER_TENANT,
  PERSONAL,
  type StubAuthority,
  startStubAuthority,
  TENANT,
  UID,
} from '../support/stub-authority.ts';
import { anAuthority, failure, signIn } from './an-authority.ts';

type Verdict = 'taken' | 'iss' | 'tid' | 'key issuer' | 'key cloud';
type TenantId = 'common' | 'organizations' | 'consumers' | 'GUID' | 'domain';

interface Token {
  readonly claims?: Record<string, unknown>;
  readonly clientInfo?: string;
  /** What is said of the key that signs it, besides the key. */
  readonly key?: Record<string, unknown>;
}

const KINDS: readonly TenantId[] = ['common', 'organizations', 'consumers', 'GUID', 'domain'];
const CLOUD = 'microsoftonline.test';

const ofGuest = (utid: string) => (stub: StubAuthority) => ({
  claims: { ...stub.ofTenant(TENANT), oid: 'its-own-oid-here' },
  clientInfo: clientInfo(UID, utid),
});
/** `right` is the tenant whose people that kind of `TenantId` is for. */
const rows: readonly (readonly [
  what: string,
  token: (stub: StubAuthority, right: string) => Token,
  verdicts: readonly Verdict[],
])[] = [
  [
    'of the tenant, or of a person it is for',
    (stub, right) => ({ claims: stub.ofTenant(right) }),
    ['taken', 'taken', 'taken', 'taken', 'taken'],
  ],
  [
    'of another work tenant',
    (stub) => ({ claims: stub.ofTenant(OTHER_TENANT) }),
    ['taken', 'taken', 'iss', 'iss', 'iss'],
  ],
  [
    'of a personal account',
    (stub) => ({ claims: stub.ofTenant(PERSONAL) }),
    ['taken', 'tid', 'taken', 'iss', 'iss'],
  ],
  [
    'of a guest, at home in another work tenant',
    ofGuest(OTHER_TENANT),
    ['taken', 'taken', 'iss', 'taken', 'taken'],
  ],
  [
    'of a guest, at home with the personal accounts',
    ofGuest(PERSONAL),
    ['taken', 'taken', 'iss', 'taken', 'taken'],
  ],
  [
    'with a tid that is not its issuer’s',
    (stub, right) => ({ claims: { ...stub.ofTenant(right), tid: OTHER_TENANT } }),
    ['tid', 'tid', 'tid', 'tid', 'tid'],
  ],
  [
    'of a personal account, with a work tenant’s tid',
    (stub) => ({ claims: { ...stub.ofTenant(PERSONAL), tid: TENANT } }),
    ['tid', 'tid', 'tid', 'iss', 'iss'],
  ],
  [
    'signed with a key of another tenant',
    (stub, right) => ({
      claims: stub.ofTenant(right),
      key: { issuer: stub.ofTenant(OTHER_TENANT).iss },
    }),
    ['key issuer', 'key issuer', 'key issuer', 'key issuer', 'key issuer'],
  ],
  [
    'signed with a key of another cloud',
    (stub, right) => ({
      claims: stub.ofTenant(right),
      key: { cloud_instance_name: 'microsoftonline.us' },
    }),
    ['key cloud', 'key cloud', 'key cloud', 'key cloud', 'key cloud'],
  ],
  [
    'signed with a key of the global cloud',
    (stub, right) => ({
      claims: stub.ofTenant(right),
      key: { issuer: `https://login.microsoftonline.com/${right}/v2.0` },
    }),
    ['key issuer', 'key issuer', 'key issuer', 'key issuer', 'key issuer'],
  ],
  [
    'of a v1.0 endpoint',
    (_, right) => ({
      claims: { iss: `https://sts.windows.net/${right}/`, tid: right, ver: '1.0' },
    }),
    ['iss', 'iss', 'iss', 'iss', 'iss'],
  ],
  [
    'of another cloud',
    (_, right) => ({
      claims: { iss: `https://login.microsoftonline.us/${right}/v2.0`, tid: right },
    }),
    ['iss', 'iss', 'iss', 'iss', 'iss'],
  ],
];

describe('An ID token, by the tenant in its claims', () => {
  let stub: StubAuthority;
  beforeEach(async () => {
    stub = await startStubAuthority();
    stub.onDiscovery = ({ path }) => ({
      body: { ...stub.document(path.split('/')[1] ?? ''), cloud_instance_name: CLOUD },
    });
  });
  afterEach(() => stub.close());

  const redeem = async (kind: TenantId, token: Token) => {
    const { claims = {}, clientInfo: client_info = clientInfo(), key = {} } = token;
    stub.keys = stub.keys.map((each) => ({ ...each, cloud_instance_name: CLOUD, ...key }));
    stub.onToken = async () => ({ body: await stub.tokens({ client_info }, claims) });
    const tenantId = kind === 'GUID' ? TENANT : kind === 'domain' ? 'contoso.test' : kind;
    return await signIn(anAuthority(stub, { tenantId }), stub);
  };

  for (const [index, kind] of KINDS.entries()) {
    describe(`where TenantId is ${kind === 'GUID' ? 'a GUID' : kind === 'domain' ? 'a domain' : kind}`, () => {
      for (const [what, token, verdicts] of rows) {
        const verdict = verdicts[index];
        it(`${what}: ${verdict === 'taken' ? 'taken' : `refused, for its ${verdict}`}`, async () => {
          const made = token(stub, kind === 'consumers' ? PERSONAL : TENANT);
          const redeeming = redeem(kind, made);
          if (verdict === 'taken') {
            const { identity } = await redeeming;
            expect(identity.tenantId).to.equal(made.claims?.['tid']);
            return;
          }
          const error = await failure(redeeming);
          expect(error).to.be.instanceOf(SignInFailed).with.property('reason', 'bad-answer');
          expect(error).to.have.nested.property(
            'cause.message',
            `sign-in refused: ID token, ${verdict}`,
          );
        });
      }
    });
  }

  it('is taken with a key that says nothing of issuers and clouds, as older ones did', async () => {
    await redeem('common', { key: { issuer: undefined, cloud_instance_name: undefined } });
  });

  it('is taken where the authority does not say which cloud it is', async () => {
    stub.onDiscovery = () => ({ body: stub.document('common') });
    await redeem('common', { key: { cloud_instance_name: 'microsoftonline.us' } });
  });

  it('is refused as personal at organizations however its tenant is written', async () => {
    const claims = stub.ofTenant(PERSONAL.toUpperCase());
    const error = await failure(redeem('organizations', { claims }));
    expect(error).to.have.nested.property('cause.message', 'sign-in refused: ID token, tid');
  });

  it('is refused at another cloud with a key of the global one', () => {
    const issuerAt = (host: string) => `https://${host}/${TENANT}/v2.0`;
    for (const host of ['login.microsoftonline.us', 'login.partner.microsoftonline.cn']) {
      const instance = new URL(`https://${host}/`);
      const expected = {
        authority: { kind: 'entra' as const, instance, tenantId: TENANT },
        metadata: { issuer: issuerAt(host), cloudInstanceName: undefined },
      };
      const checkWith = (issuer: string) =>
        failedIssuer(expected, issuerAt(host), { kty: 'RSA', n: '', e: '', issuer });
      expect(checkWith(issuerAt(host))).to.equal(undefined);
      expect(checkWith(issuerAt('login.microsoftonline.com'))).to.equal('key issuer');
    }
  });

  it('is refused with a key of the personal accounts for any other tenant', async () => {
    const error = await failure(
      redeem('common', { key: { issuer: `${stub.origin}/${PERSONAL}/v2.0` } }),
    );
    expect(error).to.have.nested.property('cause.message', 'sign-in refused: ID token, key issuer');
  });
});
