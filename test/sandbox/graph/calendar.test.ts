/** The sandbox's Graph: events and the calendar view. */
import { expect } from 'chai';
import { type Sandbox, startSandbox } from '../../../scripts/sandbox/start-sandbox.ts';
import { answerOf, TestClient, text } from '../test-client.ts';
import { ada, codeOf, listOf } from './api-client.ts';

const view = '/me/calendarView?startDateTime=2026-03-02T00:00:00&endDateTime=2026-03-04T00:00:00Z';

describe('Sandbox Graph calendar', () => {
  let sandbox: Sandbox;
  let token: string;
  beforeEach(async () => {
    sandbox = await startSandbox({ now: () => Date.parse('2026-03-02T10:00:00Z') });
    const body = await new TestClient(sandbox).signIn(ada, 'openid Calendars.Read');
    token = text(body, 'access_token');
  });
  afterEach(() => sandbox.close());

  const call = async (path: string, headers: Record<string, string> = {}) =>
    answerOf(
      await fetch(`${sandbox.graphUrl}${path}`, {
        headers: { authorization: `Bearer ${token}`, ...headers },
      }),
    );

  it('shows what overlaps a window, and wants one', async () => {
    expect(listOf(await call(view))).to.have.length(2);
    const within = 'startDateTime=2026-03-03T11:30:00Z&endDateTime=2026-03-03T11:31:00Z';
    expect(listOf(await call(`/me/calendarView?${within}`))).to.have.length(1);
    const refused = await call('/me/calendarView');
    expect([refused.status, codeOf(refused)]).to.deep.equal([400, 'ErrorInvalidParameter']);
  });

  it('speaks UTC unless another time zone is preferred, which it then names', async () => {
    const startOf = (answer: Parameters<typeof listOf>[0]) => listOf(answer)[0]?.['start'];
    expect(startOf(await call(view))).to.deep.equal({
      dateTime: '2026-03-02T09:00:00.0000000',
      timeZone: 'UTC',
    });
    for (const zone of ['Tokyo Standard Time', 'Asia/Tokyo']) {
      const there = await call(view, { prefer: `outlook.timezone="${zone}"` });
      expect(startOf(there)).to.deep.equal({
        dateTime: '2026-03-02T18:00:00.0000000',
        timeZone: zone,
      });
      expect(there.headers.get('preference-applied')).to.equal(`outlook.timezone="${zone}"`);
    }
    const refused = await call(view, { prefer: 'outlook.timezone="Nowhere"' });
    expect([refused.status, codeOf(refused)]).to.deep.equal([400, 'TimeZoneNotSupportedException']);
  });

  it('sorts by start only', async () => {
    const subjects = async (order: string) =>
      listOf(await call(`/me/events?$orderby=${order}`)).map(({ subject }) => subject);
    const up = await subjects('start/dateTime');
    expect(await subjects('start/dateTime desc')).to.deep.equal(up.toReversed());
    expect((await call('/me/events?$orderby=colour')).status).to.equal(400);
  });

  it('needs Calendars.Read', async () => {
    const body = await new TestClient(sandbox).signIn('ben@contoso.example', 'openid Mail.Read');
    token = text(body, 'access_token');
    expect((await call(view)).status).to.equal(403);
  });
});
