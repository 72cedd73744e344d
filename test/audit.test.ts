/** The audit log: which lines it writes, when they come, and that the documented list is what they hold. */
import { expect } from 'chai';
import { z } from 'zod';
import { type AuditEvent, type AuditEventOf, auditLog } from '../src/audit.ts';
import { auditTable, documentedEvents, documentedFields } from '../src/audit-events.ts';
import { createLog } from '../src/log.ts';

const request = { correlationId: 'c-1', address: '192.0.2.7', session: '0123456789ab' };
const account = { account: 'oid.tid', tenantId: 'tid' };
const errors = { error: 'invalid_grant', errorCodes: [50173] };

/** One of each, with all that it may hold. */
const samples: { readonly [Name in AuditEvent['event']]: Required<AuditEventOf<Name>> } = {
  sign_in: { event: 'sign_in', ...request, ...account, how: 'new_session' },
  sign_in_failed: {
    ...{ event: 'sign_in_failed', reason: 'declined', expectedAccount: 'oid.tid' },
    ...{ ...request, ...account, ...errors },
  },
  consent: { event: 'consent', ...request, ...account, decision: 'given', scopes: ['Mail.Read'] },
  refresh_failed: {
    ...{ event: 'refresh_failed', reason: 'refresh-token-dead', resource: 'api://todos' },
    ...{ ...account, ...errors, outcome: 'unknown' },
  },
  sign_out: { event: 'sign_out', ...request, ...account, kind: 'everywhere' },
  session_pushed_out: { event: 'session_pushed_out', ...account, session: '0123456789ab' },
  tokens_removed: { event: 'tokens_removed', ...request, ...account, resource: 'api://todos' },
  credential_failover: {
    event: 'credential_failover',
    ...{ credential: 'AzureAd:ClientSecret', replaced: 'AzureAd:ClientCredentials:0' },
    errorCodes: [700027],
  },
  account_revoked: { event: 'account_revoked', ...account },
  instance_erased: { event: 'instance_erased', instance: 'concierge', records: 7 },
};

function linesOf(level: string, ...events: AuditEvent[]) {
  const lines: string[] = [];
  const audit = auditLog(createLog(level, (line) => lines.push(line)));
  for (const event of events) audit(event);
  return lines.map((line) => z.record(z.string(), z.unknown()).parse(JSON.parse(line)));
}

describe('The audit log', () => {
  for (const [name, sample] of Object.entries(samples)) {
    it(`writes ${name} as one line, with every documented field and no other`, () => {
      const [line, ...more] = linesOf('info', sample);
      expect(more).to.deep.equal([]);
      const { time, level, audit, ...facts } = line ?? {};
      expect(Date.parse(String(time))).to.be.closeTo(Date.now(), 60_000);
      expect({ level, audit }).to.deep.equal({ level: 30, audit: true });
      expect(facts).to.deep.equal(sample);
      const { fields } = documentedEvents[sample.event];
      expect(Object.keys(facts)).to.have.members(['event', ...Object.keys(fields)]);
    });
  }

  it('is written whatever the level of the log, and marks no other line', () => {
    for (const level of ['fatal', 'error', 'warn', 'info', 'debug', 'trace']) {
      expect(linesOf(level, samples.sign_out), level).to.have.length(1);
    }
    const lines: string[] = [];
    const log = createLog('warn', (line) => lines.push(line));
    auditLog(log)(samples.sign_in);
    log.info({ event: 'request' });
    log.warn({ event: 'request_failed' });
    expect(lines).to.have.length(2);
    expect(lines[1]).to.include('request_failed').and.not.include('audit');
  });

  it('is silent only where the whole log is', () => {
    expect(linesOf('silent', samples.sign_in)).to.deep.equal([]);
  });

  it('leaves out what is not known', () => {
    const event = 'sign_out' as const;
    const [line] = linesOf('info', { ...samples.sign_out, event, session: undefined });
    expect(line).not.to.have.any.keys('session');
    expect(line).to.include({ event, account: 'oid.tid' });
  });

  it('cuts what comes from elsewhere at any length', () => {
    const scopes = Array.from({ length: 2000 }, () => 's'.repeat(2000));
    const long = { ...samples.consent, account: 'a'.repeat(100_000), scopes };
    const [line] = linesOf('info', long);
    expect(line?.['account']).to.equal('a'.repeat(300));
    expect(line?.['scopes']).to.deep.equal(Array.from({ length: 50 }, () => 's'.repeat(300)));
  });
});

describe('The list of audit events', () => {
  it('says what each field is', () => {
    const used = Object.values(documentedEvents).flatMap(({ fields }) => Object.keys(fields));
    expect(Object.keys(documentedFields)).to.have.members([...new Set(used)]);
  });

  it('is two tables in Markdown, of events and of their fields', () => {
    const lines = auditTable().split('\n');
    const rows = (columns: number) =>
      lines.filter((line) => line.split(/(?<!\\)\|/).length === columns + 2).length;
    expect(rows(3)).to.equal(Object.keys(samples).length + 2);
    expect(rows(2)).to.equal(Object.keys(documentedFields).length + 2);
    expect(lines.filter((line) => !/^(\|.+\|)?$/.test(line))).to.deep.equal([]);
    expect(auditTable()).to.include('`kind`, `account`, `tenantId`?, `correlationId`');
  });
});
