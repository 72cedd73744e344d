/** Calls of the sandbox's Graph by its own tests, as a person with some scopes. */
import type { Sandbox } from '../../../scripts/sandbox/start-sandbox.ts';
import { type Answer, TestClient, text } from '../test-client.ts';

/** The people of the tests, by what they are to them. */
export const ada = 'ada@contoso.example';
export const ben = 'ben@contoso.example';
export const cleo = 'cleo@fabrikam.example';
export const dan = 'dan@fabrikam.example';
export const eve = 'eve@personal.example';

export type Call = (path: string, init?: RequestInit) => Promise<Answer>;

/** Gives calls of Graph with a token of `username` for `scopes`; absolute URLs are called as they are. */
export async function graphAs(sandbox: Sandbox, username: string, scopes: string): Promise<Call> {
  const client = new TestClient(sandbox);
  const body = await client.signIn(username, `openid offline_access ${scopes}`);
  const token = text(body, 'access_token');
  return (path, init) =>
    client.call(path.startsWith('http') ? path : `${sandbox.graphUrl}${path}`, token, init);
}

export const post = (body: unknown): RequestInit => ({
  method: 'POST',
  body: JSON.stringify(body),
});

/** The entities of a list. */
export function listOf({ body }: Pick<Answer, 'body'>): Readonly<Record<string, unknown>>[] {
  return Array.isArray(body['value']) ? body['value'] : [];
}

/** The OData or Graph code of a refusal. */
export function codeOf({ body }: Answer): unknown {
  const error: unknown = body['error'];
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}

/** All entities of a list, and how many pages they came in. */
export async function allPages(call: Call, path: string) {
  const entities: Readonly<Record<string, unknown>>[] = [];
  let pages = 0;
  let next: unknown = path;
  while (typeof next === 'string') {
    const answer = await call(next);
    entities.push(...listOf(answer));
    next = answer.body['@odata.nextLink'];
    pages += 1;
  }
  return { entities, pages };
}
