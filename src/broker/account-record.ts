/** The one record an account is kept in: its refresh token, its access tokens, its sessions. */
import { z } from 'zod';
import type { Identity } from '../token-response.ts';
import type { Account } from './account.ts';
import type { IsAdmitted } from './token-broker-options.ts';
import { tokenSetSchema } from './token-set.ts';

const optional = z.string().optional();

const identitySchema = z
  .object({
    accountId: z.string(),
    issuer: z.string(),
    subject: z.string(),
    tenantId: optional,
    objectId: optional,
    name: optional,
    username: optional,
    loginHint: optional,
    sid: optional,
  })
  .transform(
    (claims): Identity => ({
      accountId: claims.accountId,
      issuer: claims.issuer,
      subject: claims.subject,
      tenantId: claims.tenantId,
      objectId: claims.objectId,
      name: claims.name,
      username: claims.username,
      loginHint: claims.loginHint,
      sid: claims.sid,
    }),
  );

export const accountRecordSchema = tokenSetSchema.extend({
  epoch: z.string(),
  /** New at each redemption: a refresh begun under another grant is not kept. */
  grantId: z.string(),
  refreshToken: z
    .object({ id: z.string(), value: z.string(), state: z.enum(['good', 'dead']) })
    .optional(),
  sessions: z.array(
    z.object({
      ...{ id: z.string(), endsAt: z.number(), begunAt: z.number().optional() },
      from: optional,
    }),
  ),
  identity: identitySchema,
  /** What the settings called the authority, and this site there, when it signed in. */
  authority: optional,
});

export type AccountRecord = z.infer<typeof accountRecordSchema>;

/** Whether the record is the account's that a caller means, and may be used. */
export function isUsable(
  record: AccountRecord | undefined,
  { epoch }: Account,
  isAdmitted: IsAdmitted,
): record is AccountRecord {
  return record?.epoch === epoch && isAdmitted(record);
}

/** When a record is of no more use to anyone: its last session's end; without sessions, now. */
export function accountExpiry({ sessions }: AccountRecord): number | undefined {
  if (sessions.length === 0) return undefined;
  return Math.max(...sessions.map((session) => session.endsAt));
}
