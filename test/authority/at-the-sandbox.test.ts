/** Other tenants and app-only tokens against the sandbox, which knows who is a guest where. */
import { generateKeyPairSync } from 'node:crypto';
import { expect } from 'chai';
import { demoApp, type SandboxApp } from '../../scripts/sandbox/sandbox-options.ts';
import { selfSigned, toPem } from '../../scripts/sandbox/self-signed.ts';
import { signInAt } from '../../scripts/sandbox/sign-in-at.ts';
import { type Sandbox, startSandbox } from '../../scripts/sandbox/start-sandbox.ts';
import { type Authority, createAuthority } from '../../src/authority/create-authority.ts';
import { redeemCode } from '../../src/authority/redeem-code.ts';
import { refreshTokens } from '../../src/authority/refresh-tokens.ts';
import { requestAppToken } from '../../src/authority/request-app-token.ts';
import { requestCode } from '../../src/authority/request-code.ts';
import type { ClientCredential } from '../../src/config/settings.ts';
import { Misconfigured, SignInRequired, Unavailable } from '../../src/errors.ts';
import { createLog } from '../../src/log.ts';
import { aCertificate, aSecret, failure, settingsFor, userRead } from './an-authority.ts';

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const certificate = toPem(selfSigned('the app', privateKey, Date.now()));
const app: SandboxApp = { ...demoApp, certificates: [certificate] };
const pem = `${privateKey.export({ type: 'pkcs8', format: 'pem' })}${certificate}`;
const credentials: readonly ClientCredential[] = [
  aSecret(demoApp.secrets[0] ?? ''),
  aCertificate(Buffer.from(pem)),
];
const redirectUri = new URL('http://localhost:4000/signin-oidc');
const cleo = 'cleo@fabrikam.example';
const contoso = 'contoso.example';
const graphDefault = { scopes: ['https://graph.microsoft.com/.default'], beforeSend: () => {} };

for (const credential of credentials) {
  describe(`At the sandbox, with ${credential.sourceType}`, () => {
    let sandbox: Sandbox;
    let authority: Authority;
    beforeEach(async () => {
      sandbox = await startSandbox({ apps: [app] });
      authority = at('common');
    });
    afterEach(() => sandbox.close());

    function at(tenantId: string): Authority {
      const instance = new URL(sandbox.url);
      const settings = settingsFor({ kind: 'entra', instance, tenantId }, [credential]);
      const parts = { fetch, now: Date.now, log: createLog('silent'), audit: () => {} };
      return createAuthority({ ...settings, clientId: app.clientId }, parts);
    }

    async function signIn(username: string, where = authority) {
      const request = { redirectUri, scopes: userRead };
      const { url, ...kept } = await requestCode(where, request);
      const { callback } = await signInAt(url, { username });
      return redeemCode(where, { ...request, ...kept, callback: callback.searchParams });
    }

    /** What `username`, signed in at home, is given in a tenant. */
    async function inTenant(username: string, tenantId: string) {
      const { refreshToken = '', identity } = await signIn(username);
      const { accountId } = identity;
      const request = { refreshToken, scopes: userRead, accountId, beforeSend: () => {} };
      const answer = await refreshTokens(authority, { ...request, tenantId });
      if (answer.kind !== 'verified') throw answer.cause;
      return { home: identity, there: answer.response.identity };
    }
    const idOf = (name: string) => sandbox.tenants.find(({ domain }) => domain === name)?.id ?? '';

    it('a guest is given tokens of the other tenant, and stays the same account', async () => {
      await signIn(cleo, at(contoso));
      for (const tenantId of [contoso, idOf(contoso)]) {
        const { home, there } = await inTenant(cleo, tenantId);
        expect(there?.tenantId).to.equal(idOf(contoso));
        expect(there?.objectId).not.to.equal(home.objectId);
        expect(there?.accountId).to.equal(home.accountId);
      }
    });

    it('a guest has to consent there, a stranger is no member, and nobody is signed out', async () => {
      const consent = await failure(inTenant(cleo, contoso));
      expect(consent).to.be.instanceOf(SignInRequired).with.property('reason', 'consent');
      const stranger = await failure(inTenant('ada@contoso.example', 'fabrikam.example'));
      expect(stranger).to.be.instanceOf(SignInRequired).with.property('reason', 'interaction');
      const nowhere = await failure(inTenant(cleo, 'nowhere.example'));
      expect(nowhere).to.be.instanceOf(Misconfigured);
    });

    it('this site is given a token of its own, that Graph takes', async () => {
      const { accessToken } = await requestAppToken(authority, {
        ...graphDefault,
        tenantId: contoso,
      });
      const headers = { authorization: `Bearer ${accessToken}` };
      expect((await fetch(`${sandbox.graphUrl}/users`, { headers })).status).to.equal(200);
      expect((await fetch(`${sandbox.graphUrl}/me`, { headers })).status).to.equal(403);
    });

    it('this site is told what an administrator must do', async () => {
      sandbox.controls.register({ ...app, tenants: ['fabrikam.example'] });
      const error = await failure(requestAppToken(at(contoso), graphDefault));
      expect(error).to.be.instanceOf(Misconfigured);
      expect(error).to.have.property('message').that.contains('an administrator');
    });

    it('a throttled tenant asks quiet of all, a throttled client of one', async () => {
      const own = at(contoso);
      sandbox.controls.throttleTenant(1, 45);
      const all = await failure(requestAppToken(own, graphDefault));
      expect(all).to.be.instanceOf(Unavailable).that.includes({
        isForAll: true,
        retryAfterSeconds: 45,
      });
      sandbox.controls.throttle('authority', 1, 60);
      const one = await failure(requestAppToken(own, graphDefault));
      expect(one).to.be.instanceOf(Unavailable).that.includes({
        isForAll: false,
        retryAfterSeconds: 60,
      });
    });
  });
}
