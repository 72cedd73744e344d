/** The sandbox's Graph: requests in batches. */
import { expect } from 'chai';
import { type Sandbox, startSandbox } from '../../../scripts/sandbox/start-sandbox.ts';
import { ada, type Call, codeOf, graphAs, post } from './api-client.ts';

describe('Sandbox Graph batches', () => {
  let sandbox: Sandbox;
  let call: Call;
  beforeEach(async () => {
    sandbox = await startSandbox();
    call = await graphAs(sandbox, ada, 'User.Read Mail.Read Mail.Send Files.Read');
  });
  afterEach(() => sandbox.close());

  type Inner = Readonly<Record<string, unknown>>;
  const get = (id: string, url: string, more: Inner = {}): Inner => ({
    ...{ id, method: 'GET', url, ...more },
  });
  const send = (...requests: readonly Inner[]) => call('/$batch', post({ requests }));
  const answersTo = async (...requests: readonly Inner[]) => {
    const { status, body } = await send(...requests);
    expect(status).to.equal(200);
    const responses: Inner[] = Array.isArray(body['responses']) ? body['responses'] : [];
    return Object.fromEntries(responses.map((one) => [String(one['id']), one]));
  };

  it('have an answer for each request, in no order to rely on', async () => {
    const requests = [
      get('a', '/me?$select=displayName'),
      get('b', '/me/messages/none'),
      get('c', 'me/calendarView'),
    ];
    const { body } = await send(...requests);
    expect(body).to.have.nested.property('responses[0].id', 'c');
    const answers = await answersTo(...requests);
    expect(answers['a']).to.deep.nested.include({ status: 200, 'body.displayName': 'Ada Example' });
    expect(answers['b']).to.nested.include({ status: 404, 'body.error.code': 'ErrorItemNotFound' });
    expect(answers['c']).to.nested.include({ status: 403 });
    expect(sandbox.requests.map(({ path }) => path)).to.include('/graph/v1.0/me/messages/none');
  });

  it('carry pictures in base64 and redirects as they are', async () => {
    const answers = await answersTo(
      get('photo', '/me/photo/$value'),
      get('file', '/me/drive/items/big-10/content'),
    );
    expect(answers['photo']).to.nested.include({ 'headers.Content-Type': 'image/png' });
    const picture = Buffer.from(String(answers['photo']?.['body']), 'base64');
    expect(picture.subarray(1, 4).toString()).to.equal('PNG');
    expect(answers['file']).to.include({ status: 302 });
    expect(answers['file']).to.have.nested.property('headers.Location').that.contains('/files/');
    expect(answers['file']).to.not.have.property('body');
  });

  it('send bodies, which need a content type', async () => {
    const body = { message: { toRecipients: [{ emailAddress: { address: ada } }] } };
    const mail = { id: '1', method: 'POST', url: '/me/sendMail', body };
    const refused = await send(mail);
    expect([refused.status, codeOf(refused)]).to.deep.equal([400, 'BadRequest']);
    const headers = { 'Content-Type': 'application/json' };
    expect((await answersTo({ ...mail, headers }))['1']).to.include({ status: 202 });
    expect(sandbox.sentMail).to.have.length(1);
  });

  it('fail with 424 what depends on a failure, and run the rest', async () => {
    const answers = await answersTo(
      get('bad', '/me/messages/none'),
      get('good', '/me'),
      get('after bad', '/me', { dependsOn: ['bad'] }),
      get('later still', '/me', { dependsOn: ['after bad', 'good'] }),
      get('after good', '/me', { dependsOn: ['good'] }),
    );
    const statuses = Object.entries(answers).map(([id, { status }]) => [id, status]);
    expect(Object.fromEntries(statuses)).to.deep.equal({
      bad: 404,
      good: 200,
      'after bad': 424,
      'later still': 424,
      'after good': 200,
    });
  });

  it('throttle one request and not the others, each with its own Retry-After', async () => {
    sandbox.controls.throttle('graph', 1, 9, '/me/messages');
    const answers = await answersTo(get('mail', '/me/messages'), get('me', '/me'));
    expect(answers['me']).to.include({ status: 200 });
    expect(answers['mail']).to.nested.include({
      status: 429,
      'headers.Retry-After': '9',
      'body.error.code': 'TooManyRequests',
    });
    expect((await answersTo(get('mail', '/me/messages')))['mail']).to.include({ status: 200 });
  });

  it('tell of a claims challenge inside, in the inner headers', async () => {
    sandbox.controls.challenge('graph', 'revoked');
    const { me } = await answersTo(get('me', '/me'));
    expect(me).to.include({ status: 401 });
    expect(me)
      .to.have.nested.property('headers.WWW-Authenticate')
      .that.contains('error="insufficient_claims"');
  });

  it('are refused as a whole without a good token', async () => {
    const bare = await fetch(`${sandbox.graphUrl}/$batch`, post({ requests: [get('1', '/me')] }));
    expect(bare.status).to.equal(401);
    sandbox.controls.expireAccessTokens();
    expect((await send(get('1', '/me'))).status).to.equal(401);
  });

  const many = Array.from({ length: 21 }, (_, index) => get(String(index), '/me'));
  for (const [what, requests, code] of [
    ['more than 20 requests', many, 'MaximumValueExceeded'],
    ['no requests', [], 'BadRequest'],
    ['an id used twice', [get('1', '/me'), get('1', '/me')], 'BadRequest'],
    ['a dependency unknown so far', [get('1', '/me', { dependsOn: ['2'] })], 'BadRequest'],
    ['an unknown method', [get('1', '/me', { method: 'TRACE' })], 'BadRequest'],
  ] as const) {
    it(`are refused with 400 for ${what}`, async () => {
      const answer = await send(...requests);
      expect([answer.status, codeOf(answer)]).to.deep.equal([400, code]);
    });
  }

  it('hold twenty requests, and no batch', async () => {
    expect(Object.keys(await answersTo(...many.slice(1)))).to.have.length(20);
    const nested = { method: 'POST', headers: { 'content-type': 'application/json' }, body: {} };
    expect((await answersTo(get('1', '/$batch', nested)))['1']).to.include({ status: 400 });
  });
});
