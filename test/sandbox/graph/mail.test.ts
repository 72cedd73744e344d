/** The sandbox's Graph: reading, finding and sending mail. */
import { expect } from 'chai';
import { type Sandbox, startSandbox } from '../../../scripts/sandbox/start-sandbox.ts';
import { ada, allPages, type Call, codeOf, graphAs, listOf, post } from './api-client.ts';

describe('Sandbox Graph mail', () => {
  let sandbox: Sandbox;
  let call: Call;
  beforeEach(async () => {
    sandbox = await startSandbox({ now: () => Date.parse('2026-03-02T10:00:00Z') });
    call = await graphAs(sandbox, ada, 'Mail.Read');
  });
  afterEach(() => sandbox.close());

  it('pages through all of it, newest first', async () => {
    const { entities, pages } = await allPages(
      call,
      '/me/messages?$top=9&$select=subject,receivedDateTime',
    );
    expect([entities.length, pages]).to.deep.equal([24, 3]);
    for (const message of entities) {
      expect(message).to.have.all.keys('@odata.etag', 'id', 'subject', 'receivedDateTime');
    }
    const seen = entities.map((message) => String(message['receivedDateTime']));
    expect(seen).to.deep.equal([...seen].sort().reverse());
    expect((await call('/me/messages?$top=0')).status).to.equal(400);
    expect(listOf(await call('/me/messages?$top=5000'))).to.have.length(24);
  });

  it('is searched by sender, subject and body, in pages with tokens', async () => {
    const path = `/me/messages?$top=1&$search=${encodeURIComponent('"Priya"')}`;
    const { entities, pages } = await allPages(call, path);
    expect(entities.length).to.equal(pages).and.to.be.greaterThan(1);
    expect((await call(path)).body['@odata.nextLink']).to.contain('skiptoken');
    const bySubject = await call(`/me/messages?$search=${encodeURIComponent('"subject:lift"')}`);
    expect(listOf(bySubject).map(({ subject }) => subject)).to.include(
      'Lift maintenance on Thursday',
    );
    expect(listOf(await call('/me/messages?$search="zzz"'))).to.deep.equal([]);
  });

  it('is filtered and sorted as far as Graph allows', async () => {
    const unread = listOf(await call('/me/messages?$top=50&$filter=isRead eq false'));
    expect(unread).to.have.length.within(1, 23);
    expect(unread.every(({ isRead }) => isRead === false)).to.equal(true);
    const filter = '$filter=receivedDateTime ge 2026-03-01T00:00:00Z and isRead eq false';
    const sorted = await call(`/me/messages?${filter}&$orderby=receivedDateTime asc`);
    const times = listOf(sorted).map((message) => String(message['receivedDateTime']));
    expect(times)
      .to.have.length.greaterThan(1)
      .and.to.deep.equal([...times].sort());
  });

  for (const [what, query, code] of [
    ['a search without quotes', '$search=lift', 'BadRequest'],
    ['a sorted search', '$search="lift"&$orderby=receivedDateTime', 'SearchWithOrderBy'],
    ['a filtered search', '$search="lift"&$filter=isRead eq false', 'SearchWithFilter'],
    ['an order the filter lacks', '$orderby=subject&$filter=isRead eq true', 'InefficientFilter'],
    ['an unknown filter', '$filter=colour eq 1', 'ErrorInvalidUrlQueryFilter'],
    ['an unknown order', '$orderby=colour', 'RequestBroker--ParseUri'],
  ] as const) {
    it(`refuses ${what} with 400 ${code}`, async () => {
      const answer = await call(`/me/messages?${query}`);
      expect([answer.status, codeOf(answer)]).to.deep.equal([400, code]);
    });
  }

  it('shows one message whole, and 404 for one that is not there', async () => {
    const [first] = listOf(await call('/me/messages?$top=1&$select=subject'));
    const { body } = await call(`/me/messages/${first?.['id']}`);
    expect(body).to.include({ subject: first?.['subject'] });
    expect(body).to.have.nested.property('body.contentType', 'html');
    const none = await call('/me/messages/none');
    expect([none.status, codeOf(none)]).to.deep.equal([404, 'ErrorItemNotFound']);
  });

  it('is sent with Mail.Send, and kept for tests to read', async () => {
    const mail = {
      message: {
        subject: 'Hello',
        body: { contentType: 'Text', content: 'From a test' },
        toRecipients: [{ emailAddress: { address: 'ben@contoso.example' } }],
      },
      saveToSentItems: false,
    };
    expect((await call('/me/sendMail', post(mail))).status).to.equal(403);
    const send = await graphAs(sandbox, ada, 'Mail.Send');
    expect((await send('/me/sendMail', post(mail))).status).to.equal(202);
    expect(sandbox.sentMail).to.deep.equal([
      {
        from: ada,
        to: ['ben@contoso.example'],
        subject: 'Hello',
        content: 'From a test',
        contentType: 'text',
        savedToSentItems: false,
        at: Date.parse('2026-03-02T10:00:00Z'),
      },
    ]);
  });

  it('is not sent to nobody, to no address, or without a message', async () => {
    const send = await graphAs(sandbox, ada, 'Mail.Send');
    for (const [bad, code] of [
      [{}, 'ErrorInvalidRequest'],
      [{ message: { subject: 'x' } }, 'ErrorInvalidRecipients'],
      [
        { message: { toRecipients: [{ emailAddress: { address: 'x' } }] } },
        'ErrorInvalidRecipients',
      ],
    ] as const) {
      const answer = await send('/me/sendMail', post(bad));
      expect([answer.status, codeOf(answer)]).to.deep.equal([400, code]);
    }
    expect(sandbox.sentMail).to.deep.equal([]);
  });
});
