/** The person's mail in Graph. */
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { readMessages, searchPhrase, sendMail } from '../../../src/downstream/graph/mail.ts';
import { ApiFailed, Unavailable } from '../../../src/errors.ts';
import { answering, answeringJson, aServer, failureOf } from '../api-rig.ts';
import { aGraph, queryOf } from './a-graph.ts';

describe('readMessages', () => {
  const message = {
    id: 'm-1',
    subject: 'Hello',
    from: { emailAddress: { name: 'Ada', address: 'ada@contoso.example' } },
    receivedDateTime: '2026-01-01T12:00:00Z',
    bodyPreview: 'Dear …',
    isRead: true,
    webLink: 'https://outlook.example/m-1',
  };

  it('asks for the newest ones, with the scope for mail', async () => {
    await using graph = await aServer(answeringJson(200, { value: [message] }));
    const scopes = ['https://graph.microsoft.com/User.Read'];
    const { graph: calls, broker } = aGraph(graph.url, { scopes });
    const { items: messages, next } = await readMessages(calls, { top: 10 });
    expect(next).to.equal(undefined);
    expect(messages).to.deep.equal([
      { ...message, from: { name: 'Ada', address: 'ada@contoso.example' }, hasAttachments: false },
    ]);
    expect(broker.requests[0]?.scopes).to.deep.equal(['https://graph.microsoft.com/Mail.Read']);
    const asked = new URL(graph.seen[0]?.url ?? '', graph.url);
    expect(asked.pathname).to.equal('/v1.0/me/messages');
    expect(Object.fromEntries(asked.searchParams)).to.deep.include({
      $top: '10',
      $orderby: 'receivedDateTime desc',
    });
    expect(graph.seen[0]?.url).to.include('receivedDateTime%20desc');
  });

  it('does without a sender and a subject, and drops links that are not https', async () => {
    const draft = { id: 'm-2', from: null, subject: null, webLink: 'javascript:alert(1)' };
    await using graph = await aServer(answeringJson(200, { value: [draft] }));
    const { items } = await readMessages(aGraph(graph.url).graph, { top: 1 });
    const [read] = items;
    expect(read).to.include({ id: 'm-2', isRead: false });
    expect([read?.from, read?.subject, read?.webLink]).to.deep.equal([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('fails on another shape', async () => {
    for (const shape of [{}, { value: {} }, { value: [{ subject: 'no id' }] }]) {
      await using graph = await aServer(answeringJson(200, shape));
      const reading = readMessages(aGraph(graph.url).graph, { top: 1 });
      expect((await failureOf(reading, ApiFailed)).detail.error).to.equal('unexpected_shape');
    }
  });

  it('searches for the words as one phrase, and does not sort then', async () => {
    await using server = await aServer((request, response) => {
      const link = `http://${request.headers.host}/v1.0/me/messages?$search=x&$skiptoken=T`;
      answeringJson(200, { value: [], '@odata.nextLink': link })(request, response);
    });
    const { graph } = aGraph(server.url);
    const search = 'he said "hi" \\" &$filter=x\n';
    const { next } = await readMessages(graph, { top: 5, search });
    expect(next).to.deep.equal({ by: '$skiptoken', value: 'T' });
    await readMessages(graph, { top: 5, search, start: next });
    const [first, second] = server.seen.map(queryOf);
    expect(first).to.have.keys('$select', '$top', '$search');
    expect(first?.['$search']).to.equal('"he said \\"hi\\" \\\\\\" &$filter=x"');
    expect(second).to.deep.equal({ ...first, $skiptoken: 'T' });
  });
});

describe('searchPhrase', () => {
  it('is one quoted phrase whatever the words hold, or nothing', () => {
    for (const words of ['"', '\\', '\\"', 'a" OR "b', '\\\\" x', 'tab\tand\u0000nul']) {
      expect(searchPhrase(words), words).to.match(/^"(?:[^"\\\p{Cc}]|\\["\\])*"$/u);
    }
    expect(searchPhrase(' \n ')).to.equal('');
  });
});

describe('sendMail', () => {
  const mail = { to: ['a@x.example', 'b@x.example'], subject: '"Hi"', text: '<b>plain</b>' };

  it('sends plain text, once, with the permission to send', async () => {
    const bodies: string[] = [];
    await using server = await aServer(async (request, response) => {
      bodies.push(await text(request));
      answering(202)(request, response);
    });
    const { graph, broker } = aGraph(server.url);
    await sendMail(graph, mail);
    expect(JSON.parse(bodies[0] ?? '')).to.deep.equal({
      message: {
        subject: '"Hi"',
        body: { contentType: 'Text', content: '<b>plain</b>' },
        toRecipients: [
          { emailAddress: { address: 'a@x.example' } },
          { emailAddress: { address: 'b@x.example' } },
        ],
      },
      saveToSentItems: true,
    });
    expect(broker.requests[0]?.scopes).to.deep.equal(['Mail.Send']);
    expect(server.seen[0]).to.include({ method: 'POST', url: '/v1.0/me/sendMail' });
  });

  it('is not sent again when nobody knows what became of it', async () => {
    await using server = await aServer((request) => request.socket.destroy());
    const error = await failureOf(sendMail(aGraph(server.url).graph, mail), Unavailable);
    expect(error.outcome).to.equal('unknown');
    expect(server.seen).to.have.length(1);
  });
});
