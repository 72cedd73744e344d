/** Microsoft's own SDKs, the real packages, on tokens of the broker. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { TokenCredential } from '@azure/core-auth';
import {
  bearerTokenAuthenticationPolicy,
  createDefaultHttpClient,
  createEmptyPipeline,
  createPipelineRequest,
  tlsPolicy,
} from '@azure/core-rest-pipeline';
import {
  AuthenticationHandler,
  type AuthenticationProvider,
  Client,
  type Context,
} from '@microsoft/microsoft-graph-client';
import { expect } from 'chai';
import { GraphAuthentication } from '../../src/downstream/graph-authentication.ts';
import { BrokerCredential } from '../../src/downstream/token-credential.ts';
import { SignInRequired } from '../../src/errors.ts';
import { caught } from '../support/caught.ts';
import { makeCertificates } from '../support/certificates.ts';
import { account, CANARY, RecordingBroker } from './api-rig.ts';

const certificates = makeCertificates();

describe('On the broker', () => {
  let server: Server;
  let url: string;
  /** The `Authorization` of each request. */
  let sent: (string | undefined)[];
  /** Answered in turn; then 200. */
  let challenges: (string | undefined)[];
  let broker: RecordingBroker;

  beforeEach(async () => {
    sent = [];
    challenges = [];
    broker = new RecordingBroker();
    const { key, cert } = certificates;
    server = createServer({ key, cert }, (request, response) => {
      sent.push(request.headers.authorization);
      const challenge = challenges.shift();
      const headers = { 'content-type': 'application/json' };
      if (challenge) response.writeHead(401, { ...headers, 'www-authenticate': challenge });
      else response.writeHead(200, headers);
      response.end('{"displayName":"Ada"}');
    }).listen(0, 'localhost');
    await once(server, 'listening');
    const address = server.address();
    url = `https://localhost:${typeof address === 'object' ? address?.port : ''}`;
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  describe('a client of the Azure SDK', () => {
    /** As its clients do, with its own policy for tokens. */
    async function send(credential: TokenCredential, scopes = 'api://todos/.default') {
      const pipeline = createEmptyPipeline();
      pipeline.addPolicy(bearerTokenAuthenticationPolicy({ credential, scopes }));
      const ca = readFileSync(certificates.caFile, 'utf8');
      pipeline.addPolicy(tlsPolicy({ ca }));
      const request = createPipelineRequest({ url });
      return await pipeline.sendRequest(createDefaultHttpClient(), request);
    }

    it('calls with a person’s token, for its own scopes', async () => {
      const { status } = await send(new BrokerCredential(broker, account));
      expect(status).to.equal(200);
      expect(sent).to.deep.equal([`Bearer ${CANARY}-1`]);
      expect(broker.requests).to.deep.equal([{ scopes: ['api://todos/.default'] }]);
    });

    it('calls with the site’s own token', async () => {
      await send(new BrokerCredential(broker, 'site'));
      expect(sent).to.deep.equal([`Bearer ${CANARY}-app-1`]);
      expect(broker.requests).to.deep.equal([]);
    });

    it('answers a claims challenge with a token that has them', async () => {
      const claims = '{"access_token":{"nbf":{"essential":true,"value":"1"}}}';
      const encoded = Buffer.from(claims).toString('base64');
      challenges = [`Bearer error="insufficient_claims", claims="${encoded}"`];
      const { status } = await send(new BrokerCredential(broker, account));
      expect(status).to.equal(200);
      expect(broker.requests[1]).to.deep.equal({ scopes: ['api://todos/.default'], claims });
    });

    it('passes on that the person is needed', async () => {
      broker.acquireToken = async () => {
        throw new SignInRequired('consent', { scopes: ['api://todos/.default'] });
      };
      const error = await caught(send(new BrokerCredential(broker, account)));
      expect(error).to.be.instanceOf(SignInRequired).with.property('reason', 'consent');
      expect(sent).to.deep.equal([]);
    });

    it('is given tokens with the time they end, and of the tenant it names', async () => {
      const credential = new BrokerCredential(broker, account);
      const token = await credential.getToken(['a', 'b'], { tenantId: 'contoso.example' });
      expect(token.expiresOnTimestamp).to.be.above(Date.now());
      expect(broker.requests).to.deep.equal([{ scopes: ['a', 'b'], tenantId: 'contoso.example' }]);
    });
  });

  describe('the Graph SDK', () => {
    /** Its own middleware for tokens, and ours for the network, which trusts a test's certificate. */
    function client(authProvider: AuthenticationProvider) {
      const handler = new AuthenticationHandler(authProvider);
      handler.setNext({
        execute: async (context: Context) => {
          const headers = new Headers(context.options?.headers);
          sent.push(headers.get('authorization') ?? undefined);
          context.response = Response.json({ displayName: 'Ada' });
        },
      });
      const customHosts = new Set(['localhost']);
      return Client.initWithMiddleware({ middleware: handler, baseUrl: `${url}/`, customHosts });
    }

    it('is given tokens for the scopes it names, or those of its section', async () => {
      const authentication = new GraphAuthentication(new BrokerCredential(broker, account), [
        'User.Read',
      ]);
      expect(await authentication.getAccessToken()).to.equal(`${CANARY}-1`);
      await authentication.getAccessToken({ scopes: ['Mail.Read'] });
      expect(broker.requests).to.deep.equal([{ scopes: ['User.Read'] }, { scopes: ['Mail.Read'] }]);
    });

    it('calls with a person’s token', async () => {
      const credential = new BrokerCredential(broker, account);
      const graph = client(new GraphAuthentication(credential, ['User.Read']));
      expect(await graph.api('/me').get()).to.deep.equal({ displayName: 'Ada' });
      expect(sent).to.deep.equal([`Bearer ${CANARY}-1`]);
    });
  });
});
