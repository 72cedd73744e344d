/** The translator's table: one line for each kind of refusal, and what is done about it. */
import { expect } from 'chai';
import { callbackRefusal, refusal } from '../../src/authority/oauth-error.ts';
import { type AppError, SignInFailed, SignInRequired, Unavailable } from '../../src/errors.ts';
import { aadsts } from '../support/stub-authority.ts';

const now = Date.parse('2026-03-01T10:00:00Z');
const claims = '{"access_token":{}}';

function refused(
  status: number,
  json: unknown,
  headers = {},
  kind: 'code' | 'refresh' | 'app' = 'refresh',
) {
  const answer = { status, headers: new Headers(headers), text: '', json };
  return refusal(answer, { kind, scopes: ['User.Read'] }, now);
}

function nameOf(error: AppError): string {
  if (error instanceof SignInRequired) return error.reason;
  return error instanceof Unavailable ? `unavailable ${error.outcome}` : error.code;
}

describe('A refused refresh', () => {
  const grant = (code: number, members = {}) => aadsts('invalid_grant', code, members);
  const table: readonly (readonly [string, number, unknown, string])[] = [
    ['a revoked token', 400, grant(50173), 'refresh-token-dead'],
    ['an inactive token', 400, grant(700082), 'refresh-token-dead'],
    ['sign-in frequency', 400, grant(70043), 'refresh-token-dead'],
    ['suberror bad_token', 400, grant(1, { suberror: 'bad_token' }), 'refresh-token-dead'],
    ['suberror token_expired', 400, grant(1, { suberror: 'token_expired' }), 'refresh-token-dead'],
    ['plain OAuth', 400, { error: 'invalid_grant' }, 'refresh-token-dead'],
    ['no consent, by number', 400, grant(65001), 'consent'],
    ['no consent, by suberror', 400, grant(1, { suberror: 'consent_required' }), 'consent'],
    ['consent_required', 400, { error: 'consent_required' }, 'consent'],
    ['MFA with claims', 400, grant(50076, { claims }), 'interaction'],
    ['a dead number beside claims', 400, grant(70043, { claims }), 'interaction'],
    ['basic_action', 400, grant(50076, { suberror: 'basic_action' }), 'interaction'],
    [
      'message_only with a dead number',
      400,
      grant(70008, { suberror: 'message_only' }),
      'interaction',
    ],
    ['an unknown number', 400, grant(50999), 'interaction'],
    ['interaction_required', 400, aadsts('interaction_required', 50076), 'interaction'],
    ['login_required', 400, aadsts('login_required', 50058), 'interaction'],
    ['a request loop', 400, grant(50196), 'unavailable not-done'],
    ['a wrong secret', 401, aadsts('invalid_client', 7000215), 'misconfigured'],
    ['an unknown application', 400, aadsts('unauthorized_client', 700016), 'misconfigured'],
    ['a bad scope', 400, aadsts('invalid_scope', 70011), 'misconfigured'],
    ['a scope beyond the grant', 400, { error: 'invalid_scope' }, 'consent'],
    ['an unknown resource', 400, aadsts('invalid_resource', 500011), 'misconfigured'],
    ['a malformed request', 400, aadsts('invalid_request', 900144), 'misconfigured'],
    ['a grant not known', 400, { error: 'unsupported_grant_type' }, 'misconfigured'],
    ['an error not known', 400, { error: 'brand_new' }, 'unavailable not-done'],
    ['an unknown tenant', 400, aadsts('invalid_request', 90002), 'misconfigured'],
    ['an unknown tenant, by name', 400, { error: 'invalid_tenant' }, 'misconfigured'],
    ['an unknown tenant in a grant', 400, grant(90002), 'misconfigured'],
    ['a throttled tenant', 400, aadsts('invalid_request', 90055), 'unavailable not-done'],
    ['a throttled tenant in a grant', 400, grant(90055), 'unavailable not-done'],
    ['a throttled tenant in a 503', 503, grant(90055), 'unavailable unknown'],
    ['a loop in a 429', 429, grant(50196), 'unavailable not-done'],
    [
      'temporarily_unavailable',
      400,
      aadsts('temporarily_unavailable', 90033),
      'unavailable not-done',
    ],
    ['invalid_grant in a 500', 500, grant(50173), 'unavailable unknown'],
    ['invalid_grant in a 429', 429, grant(50173), 'unavailable not-done'],
    ['text in a 429', 429, undefined, 'unavailable not-done'],
    ['HTML in a 403', 403, undefined, 'unavailable unknown'],
    ['JSON of another shape', 400, { message: 'no' }, 'unavailable unknown'],
  ];
  it('hands on the claims that were sent, when the authority names none itself', () => {
    const answer = { status: 400, headers: new Headers(), text: '', json: grant(50076) };
    const grantSent = { kind: 'refresh', scopes: ['User.Read'], claims } as const;
    expect(refusal(answer, grantSent, now)).to.include({ reason: 'interaction', claims });
  });

  for (const [what, status, json, expected] of table) {
    it(`is taken as ${expected} for ${what}`, () => {
      expect(nameOf(refused(status, json))).to.equal(expected);
    });
  }

  for (const odd of ['{"access_token":', 'word', '[]', '"text"', 'null', '']) {
    it(`hands on no claims that are no JSON object: ${odd}`, () => {
      expect(refused(400, grant(50076, { claims: odd }))).to.include({
        ...{ reason: 'interaction', claims: undefined },
      });
    });
  }

  it('hands on scopes, claims and the identifiers support asks for', () => {
    const error = refused(400, grant(50076, { claims }));
    expect(error).to.deep.include({ claims, scopes: ['User.Read'] });
    expect(error.detail).to.deep.equal({
      error: 'invalid_grant',
      errorCodes: [50076],
      traceId: 'ff335f08-ba8c-4aa9-ac56-a710a11a3e00',
      correlationId: 'd66d6c77-ff41-4798-8a29-15eca1307043',
      timestamp: '2026-03-01 10:26:15Z',
    });
  });

  const waits: readonly (readonly [string | undefined, number])[] = [
    [undefined, 5],
    ['60', 60],
    ['0', 1],
    ['99999', 3600],
    ['Sun, 01 Mar 2026 10:02:00 GMT', 120],
    ['Sun, 01 Mar 2020 10:02:00 GMT', 1],
    ['soon', 5],
  ];
  for (const [header, seconds] of waits) {
    it(`waits ${seconds} s for Retry-After: ${header}`, () => {
      const error = refused(429, undefined, header === undefined ? {} : { 'retry-after': header });
      expect(error).to.have.property('retryAfterSeconds', seconds);
    });
  }

  it('stops for five minutes when the authority sees a loop', () => {
    for (const status of [400, 429]) {
      const error = refused(status, grant(50196));
      expect(error).to.include({ retryAfterSeconds: 300, isForAll: false });
    }
  });

  describe('is for all', () => {
    const statuses = [400, 429, 503];
    for (const status of statuses) {
      it(`when the tenant is throttled, said by ${status}`, () => {
        const body = aadsts('temporarily_unavailable', 90055);
        expect(refused(status, body)).to.include({ isForAll: true, isRetryAfterGiven: false });
      });
    }

    for (const [header, seconds] of [
      ['45', 45],
      ['99999', 3600],
      ['Sun, 01 Mar 2026 10:02:00 GMT', 120],
    ] as const) {
      it(`for ${seconds} s with Retry-After: ${header}`, () => {
        const error = refused(429, grant(90055), { 'retry-after': header });
        expect(error).to.include({ isForAll: true, retryAfterSeconds: seconds });
      });
    }

    it('for every kind of grant', () => {
      for (const kind of ['code', 'refresh', 'app'] as const) {
        const error = refused(400, aadsts('invalid_request', 90055), {}, kind);
        expect(error).to.be.instanceOf(Unavailable).with.property('isForAll', true);
      }
    });

    it('for no other number, status or text', () => {
      const others: readonly (readonly [number, unknown])[] = [
        [429, undefined],
        [429, grant(50196)],
        [400, grant(50196)],
        [503, aadsts('temporarily_unavailable', 90033)],
        [400, aadsts('temporarily_unavailable', 90024)],
        [429, { error: 'x', error_description: 'AADSTS90055: throttled' }],
      ];
      for (const [status, body] of others) {
        const error = refused(status, body, { 'retry-after': '60' });
        expect(error, JSON.stringify(body)).to.have.property('isForAll', false);
      }
    });
  });
});

describe('A refused code', () => {
  it('never asks for consent or a sign-in by its number alone', () => {
    for (const code of [65001, 50173, 70008, 501481]) {
      const error = refused(400, aadsts('invalid_grant', code), {}, 'code');
      expect(error).to.have.property('reason', 'bad-answer');
    }
  });

  it('says that a consent is missing where the authority says so in words', () => {
    for (const body of [
      aadsts('consent_required', 90094),
      aadsts('invalid_grant', 65001, { suberror: 'consent_required' }),
    ]) {
      const error = refused(400, body, {}, 'code');
      expect(error).to.be.instanceOf(SignInFailed).with.property('reason', 'declined');
      expect(error).to.have.property('scopes').that.is.not.empty;
    }
  });
});

describe('A refused request of this site itself', () => {
  const consent = 'an administrator';
  const operator = 'Its operator';
  const table: readonly (readonly [string, number, unknown, string])[] = [
    ['no consent, by number', 400, aadsts('invalid_grant', 65001), consent],
    ['no consent, by suberror', 400, { error: 'x', suberror: 'consent_required' }, consent],
    ['consent_required', 400, { error: 'consent_required' }, consent],
    ['consent for administrators', 400, aadsts('consent_required', 90094), consent],
    ['no role where one is needed', 400, aadsts('invalid_grant', 501051), consent],
    ['no service principal', 401, aadsts('invalid_client', 7000229), consent],
    ['an application not there', 400, aadsts('unauthorized_client', 700016), consent],
    ['a wrong secret', 401, aadsts('invalid_client', 7000215), operator],
    ['a wrong scope', 400, aadsts('invalid_scope', 1002012), operator],
    ['a wrong scope, without a number', 400, { error: 'invalid_scope' }, operator],
    ['an unknown tenant', 400, aadsts('invalid_request', 90002), operator],
    ['no tenant', 400, aadsts('invalid_request', 50059), operator],
    ['a blocked application', 400, aadsts('access_denied', 53003), operator],
    ['a dead token’s number', 400, aadsts('invalid_grant', 700082), operator],
    ['a policy’s claims', 400, aadsts('invalid_grant', 53003, { claims }), operator],
    ['plain invalid_grant', 400, { error: 'invalid_grant' }, operator],
    ['interaction_required', 400, aadsts('interaction_required', 50076, { claims }), operator],
    ['login_required', 400, { error: 'login_required' }, operator],
  ];
  for (const [what, status, body, whom] of table) {
    it(`tells the operator of ${what}`, () => {
      const error = refused(status, body, {}, 'app');
      expect(nameOf(error)).to.equal('misconfigured');
      expect(error.message).to.contain(whom);
    });
  }

  const later: readonly (readonly [number, unknown])[] = [
    [400, { error: 'brand_new' }],
    [400, aadsts('temporarily_unavailable', 90033)],
    [400, aadsts('invalid_grant', 50196)],
    [429, undefined],
    [500, aadsts('invalid_grant', 65001)],
  ];
  it('is for later where the authority says so, or says nothing known', () => {
    for (const [status, body] of later) {
      expect(refused(status, body, {}, 'app'), String(status)).to.be.instanceOf(Unavailable);
    }
  });
});

describe('An error in the callback', () => {
  const table: readonly (readonly [string, string])[] = [
    ['access_denied', 'declined'],
    ['consent_required', 'declined'],
    ['login_required', 'refused-by-authority'],
    ['interaction_required', 'refused-by-authority'],
    ['brand_new', 'refused-by-authority'],
    ['<script>', 'refused-by-authority'],
    ['server_error', 'unavailable'],
    ['temporarily_unavailable', 'unavailable'],
    ['unauthorized_client', 'misconfigured'],
    ['invalid_resource', 'misconfigured'],
  ];
  for (const [error, expected] of table) {
    it(`${error} is taken as ${expected}`, () => {
      const translated = callbackRefusal(new URLSearchParams({ error }), ['Mail.Read']);
      expect('reason' in translated ? translated.reason : translated.code).to.equal(expected);
    });
  }

  it('puts nothing of the query into the log but short words', () => {
    const query = { error: `x\n${'y'.repeat(1000)}`, error_description: 'AADSTS1: hi' };
    const { detail } = callbackRefusal(new URLSearchParams(query), []);
    expect(detail).to.deep.equal({ error: 'unreadable' });
  });
});

describe('A refusal of another cloud', () => {
  for (const code of [90038, 900439]) {
    it(`wakes the operator for AADSTS${code}, whatever it was for and comes as`, () => {
      for (const kind of ['code', 'refresh', 'app'] as const) {
        for (const error of ['invalid_grant', 'invalid_request', 'interaction_required']) {
          const { message } = refused(400, aadsts(error, code), {}, kind);
          expect(message).to.include('another Microsoft cloud').and.include('AzureAd:Instance');
        }
      }
      const description = `AADSTS${code}: Something of clouds. Trace ID: t`;
      const callback = new URLSearchParams({ error: 'access_denied' });
      callback.set('error_description', description);
      const error = callbackRefusal(callback, []);
      expect(error).to.have.property('code', 'misconfigured');
      expect(error.message).to.include('AzureAd:Instance');
    });
  }

  it('is a passing fault where the status says so', () => {
    const error = refused(503, aadsts('invalid_grant', 900439));
    expect(error).to.be.instanceOf(Unavailable);
  });
});
