/** Every audit event with its meaning and its fields: what the README's list is made from. */
import type { AuditEvent, AuditEventOf, FailedSignInReason, RefreshFailure } from './audit.ts';

type EventName = AuditEvent['event'];
type FieldsOf<Event> = Event extends unknown ? Exclude<keyof Event, 'event'> : never;
type Presence<Event> = {
  readonly [Field in FieldsOf<Event>]-?: undefined extends Event[Field] ? 'if known' : 'always';
};

export interface DocumentedEvent<Fields> {
  readonly meaning: string;
  readonly fields: Fields;
}

const account = { account: 'always', tenantId: 'if known' } as const;
const accountIfKnown = { account: 'if known', tenantId: 'if known' } as const;
const request = { correlationId: 'always', address: 'always', session: 'if known' } as const;
const errors = { error: 'if known', errorCodes: 'if known' } as const;

/** Held to the events by the compiler: none is left out, and no field of one. */
export const documentedEvents: {
  readonly [Name in EventName]: DocumentedEvent<Presence<AuditEventOf<Name>>>;
} = {
  sign_in: {
    meaning: 'A person signed in, or signed in anew, and the session is kept',
    fields: { ...account, ...request, how: 'always' },
  },
  sign_in_failed: {
    meaning: 'A sign-in came back from the authority and did not end well: nothing was kept',
    fields: {
      ...{ reason: 'always', expectedAccount: 'if known' },
      ...accountIfKnown,
      ...errors,
      ...request,
    },
  },
  consent: {
    meaning: 'A person gave a consent that a page had asked for, or refused it',
    fields: { decision: 'always', scopes: 'always', ...accountIfKnown, ...request },
  },
  refresh_failed: {
    meaning:
      'The authority was asked for new tokens of an account, and gave none that could be used',
    fields: {
      ...{ reason: 'always', resource: 'always' },
      ...account,
      ...errors,
      outcome: 'if known',
    },
  },
  sign_out: {
    meaning: 'A session of an account was ended, or all of them; one that expires is no event',
    fields: { kind: 'always', ...account, ...request },
  },
  session_pushed_out: {
    meaning:
      'An account had too many sessions, or a session too many accounts: what began first was ended',
    fields: { ...account, session: 'always' },
  },
  tokens_removed: {
    meaning: 'A person removed the tokens of one API on the account page',
    fields: { resource: 'always', ...account, ...request },
  },
  credential_failover: {
    meaning:
      'The authority takes another of this site’s credentials than the one before, which it refused or which cannot be used any more',
    fields: { credential: 'always', replaced: 'always', errorCodes: 'if known' },
  },
  account_revoked: {
    meaning: 'An operator ended an account everywhere; written by `npm run revoke` itself',
    fields: account,
  },
  instance_erased: {
    meaning: 'An operator erased all that an instance keeps; written by `npm run revoke` itself',
    fields: { instance: 'always', records: 'always' },
  },
};

const ofBoth = {
  unavailable: true,
  misconfigured: true,
  forbidden: true,
  api_failed: true,
} as const;
const signInReasons: Readonly<Record<FailedSignInReason, true>> = {
  ...{ declined: true, 'refused-by-authority': true, 'refused-by-site': true },
  ...{ 'tenant-not-allowed': true },
  ...{ 'other-account': true, 'transaction-missing': true, 'wrong-browser': true },
  ...{ 'bad-answer': true, 'ended-meanwhile': true, sign_in_required: true },
  ...{ ...ofBoth, internal_error: true },
};
const refreshReasons: Readonly<Record<RefreshFailure, true>> = {
  ...{ 'refresh-token-dead': true, consent: true, interaction: true, 'no-session': true },
  ...{ 'foreign-account': true, sign_in_failed: true, ...ofBoth },
};

export const documentedFields: Readonly<Record<FieldsOf<AuditEvent>, string>> = {
  account:
    'Whose it is, as `npm run revoke` takes it (at a plain authority, its issuer and subject); who answered, where a sign-in failed',
  tenantId: 'The tenant signed in to',
  correlationId: 'The request: as in its other log lines and on the error page',
  address: 'Where it came from: an IP address, of a proxy’s word only with `Site:TrustProxy`',
  session: 'The first 12 digits of the session’s hash',
  how: '`new_session`, `further_account` of a session, or `renewal` of one that was there',
  reason: `What went wrong: of a sign-in, ${listed(signInReasons)}; of a refresh, ${listed(refreshReasons)}`,
  expectedAccount: 'Whom the sign-in was begun for',
  error: 'The OAuth error code of the authority',
  errorCodes: 'Its AADSTS numbers',
  decision: '`given` or `refused`',
  scopes: 'What was asked for',
  resource: 'The API that the tokens are for',
  outcome: '`not-done`, or `unknown`: then the refresh token may have been spent',
  kind: '`here`, `session_ended_from_account_page`, `everywhere`, `front_channel` or `back_channel`',
  credential: 'Where the credential is written that is used now',
  replaced: 'Where the one is written that was used before',
  instance: '`TokenCache:InstanceName`',
  records: 'How many records were erased',
};

/** The events, and then their fields, as tables in Markdown. */
export function auditTable(): string {
  const events = Object.entries(documentedEvents).map(
    ([name, { meaning, fields }]) => `| \`${name}\` | ${meaning} | ${shown(fields)} |`,
  );
  const fields = Object.entries(documentedFields).map(
    ([name, meaning]) => `| \`${name}\` | ${meaning} |`,
  );
  return [
    ...['| event | is written when | fields |', '|---|---|---|', ...events, ''],
    ...['| field | is |', '|---|---|', ...fields, ''],
  ].join('\n');
}

function listed(names: Readonly<Record<string, true>>): string {
  return Object.keys(names)
    .map((name) => `\`${name}\``)
    .join(', ');
}

/** Those that may be missing have a question mark. */
function shown(fields: Readonly<Record<string, string>>): string {
  return Object.entries(fields)
    .map(([name, presence]) => `\`${name}\`${presence === 'always' ? '' : '?'}`)
    .join(', ');
}
