/** The accounts a bench reads: each follows from its number, with texts as long as Entra ID's. */
import { createHash, randomBytes } from 'node:crypto';
import type { Account, TokenRequest } from '../../src/broker/account.ts';

export const TENANT_ID = '11111111-2222-4333-8444-555555555555';
/** What every call asks for, the Graph token, and what brought the second one. */
export const GRAPH: TokenRequest = { scopes: ['Mail.Read'] };
export const GRAPH_SCOPES = ['User.Read', 'Mail.Read', 'Calendars.Read', 'People.Read'];
export const API_SCOPES = ['api://6f1c8f0e-7f2b-4f0e-9d53-1d3f0c5b7a21/Todos.ReadWrite'];
/** As of Entra ID where continuous access evaluation is on; no token falls due while a bench runs. */
export const LIFE_SECONDS = 86_400;

export const GRAPH_TOKEN_LENGTH = 2000;
const API_TOKEN_LENGTH = 1400;
const REFRESH_TOKEN_LENGTH = 1400;
export const RAW_TOKEN_BYTES = GRAPH_TOKEN_LENGTH + API_TOKEN_LENGTH + REFRESH_TOKEN_LENGTH;

/** All signed with one key, as one authority's are. */
const HEADER = jsonPart({ typ: 'JWT', alg: 'RS256', kid: 'Hl3xGm2k8fJ0sVdQp6wZbN5tYcA' });
const SIGNATURE_LENGTH = 342;

export function accountNumber(number: number): Account {
  const hash = createHash('sha256').update(`account ${number}`).digest('hex');
  return { id: `${guid(hash)}.${TENANT_ID}`, epoch: hash.slice(32, 56) };
}

export interface AccountTexts {
  readonly name: string;
  readonly username: string;
  readonly objectId: string;
  readonly subject: string;
  readonly loginHint: string;
  readonly sid: string;
  readonly graphToken: string;
  readonly apiToken: string;
  readonly refreshToken: string;
}

/** What an account holds beside its id: tokens are random, so that none helps to compress another. */
export function textsFor(account: Account): AccountTexts {
  const objectId = account.id.slice(0, 36);
  return {
    name: `Ada Example the ${objectId.slice(0, 8)}th`,
    username: `ada.${objectId.slice(0, 8)}@contoso.example`,
    objectId,
    subject: randomText(43),
    loginHint: `O.${randomText(120)}`,
    sid: objectId,
    graphToken: jwt(GRAPH_TOKEN_LENGTH),
    apiToken: jwt(API_TOKEN_LENGTH),
    refreshToken: `1.${randomText(REFRESH_TOKEN_LENGTH - 2)}`,
  };
}

/** `count` accounts of the first `of`, no two the same if there are so many. */
export function accountsAtRandom(count: number, of: number): Account[] {
  if (of <= count) return Array.from({ length: of }, (_, number) => accountNumber(number));
  const numbers = new Set<number>();
  while (numbers.size < count) numbers.add(Math.floor(Math.random() * of));
  return [...numbers].map(accountNumber);
}

export function jsonPart(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

export function randomText(length: number): string {
  return randomBytes(Math.ceil((length * 3) / 4))
    .toString('base64url')
    .slice(0, length);
}

/** A token of the shape of a JWT (RFC 7519) and of this length. */
function jwt(length: number): string {
  const payload = randomText(length - HEADER.length - SIGNATURE_LENGTH - 2);
  return `${HEADER}.${payload}.${randomText(SIGNATURE_LENGTH)}`;
}

function guid(hash: string): string {
  const parts = [hash.slice(0, 8), hash.slice(8, 12), `4${hash.slice(13, 16)}`];
  return [...parts, `8${hash.slice(17, 20)}`, hash.slice(20, 32)].join('-');
}
