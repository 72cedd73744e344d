/** What a route may ask of who opens it: an account, scopes, claims, an authentication context. */
import { once } from 'node:events';
import { expect } from 'chai';
import Koa from 'koa';
import type { TokenRequest } from '../../src/broker/account.ts';
import { SignInRequired } from '../../src/errors.ts';
import type { WebContext, WebState } from '../../src/web/context.ts';
import { type Requirement, requireAccount } from '../../src/web/middleware/require-account.ts';
import { sessionAccount } from '../../src/web/session.ts';
import { tokenClaims } from '../../src/web/token-claims.ts';
import { caught } from '../support/caught.ts';
import { ADA } from './a-web.ts';

const account = { id: ADA.accountId, epoch: 'epoch-1' };

describe('A route that requires an account', () => {
  let asked: TokenRequest[];
  let fault: Error | undefined;
  beforeEach(() => {
    asked = [];
    fault = undefined;
  });

  /** Whether the route is reached by someone signed in with these claims; throws what it throws. */
  async function reach(requirement?: Requirement, claims: object = {}): Promise<boolean> {
    const app = new Koa<WebState, WebContext>();
    let thrown: unknown;
    app.use(async (ctx, next) => {
      const { roles, acrs } = tokenClaims.parse(claims);
      const tie = { account, identity: ADA, roles, acrs, now: 0, endsAt: 1 };
      const accounts = [sessionAccount(tie)];
      const record = { accounts, active: account.id, csrf: 'c', createdAt: 0, seenAt: 0 };
      ctx.session = { record, regenerate: () => undefined };
      ctx.state.account = { ...account, identity: ADA };
      ctx.state.broker = {
        acquireToken,
        acquireAppToken: () => acquireToken(null, { scopes: [] }),
      };
      await next().catch((error: unknown) => {
        thrown = error;
      });
    });
    app.use(requireAccount(requirement));
    app.use((ctx) => {
      ctx.body = 'reached';
    });
    const server = app.listen(0, '127.0.0.1');
    try {
      await once(server, 'listening');
      const address = server.address();
      const port = typeof address === 'object' ? address?.port : undefined;
      const text = await (await fetch(`http://127.0.0.1:${port}/`)).text();
      if (thrown) throw thrown;
      return text === 'reached';
    } finally {
      server.closeAllConnections();
      server.close();
    }
  }

  const acquireToken = async (_: unknown, request: TokenRequest) => {
    asked.push(request);
    if (fault) throw fault;
    return { value: 'token', expiresAt: 0 };
  };

  it('asks for nothing more than that, unless it says so', async () => {
    expect(await reach()).to.equal(true);
    expect(asked).to.deep.equal([]);
  });

  it('asks for a token with its scopes and claims before it runs', async () => {
    await reach({ scopes: ['Mail.Send'] });
    await reach({ scopes: ['Mail.Send'], claims: '{"a":1}' });
    expect(asked).to.deep.equal([
      { scopes: ['Mail.Send'] },
      { scopes: ['Mail.Send'], claims: '{"a":1}' },
    ]);
  });

  it('does not run without the consent', async () => {
    fault = new SignInRequired('consent', { scopes: ['Mail.Send'] });
    expect(await caught(reach({ scopes: ['Mail.Send'] }))).to.equal(fault);
  });

  it('does not run before the step-up it wants, and then does', async () => {
    const requirement = { authenticationContext: 'c1' };
    for (const claims of [{}, { acrs: ['c2'] }, { acrs: 'c2' }, { acrs: { c1: true } }]) {
      const error = await caught(reach(requirement, claims));
      expect(error).to.be.instanceOf(SignInRequired).with.property('reason', 'interaction');
      expect(error).to.have.property(
        'claims',
        '{"id_token":{"acrs":{"essential":true,"value":"c1"}}}',
      );
    }
    expect(await reach(requirement, { acrs: ['c1'] })).to.equal(true);
    expect(await reach(requirement, { acrs: 'c1' })).to.equal(true);
  });
});
