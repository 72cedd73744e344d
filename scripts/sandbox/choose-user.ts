/** Who an authorization request is for: hinted, signed in already, or asked for on a page. */
import type Koa from 'koa';
import { signedInUsers } from './browser-cookie.ts';
import {
  type Audience,
  findAudience,
  findMembership,
  findUser,
  homeTenant,
  type User,
  users,
} from './directory.ts';
import { ProtocolError } from './protocol-error.ts';
import type { Flow, SandboxState } from './sandbox-state.ts';
import { showAccountPicker, showUsername } from './sign-in-pages.ts';

/** The person named by `login_hint`: a username, or the opaque hint of the optional claim. */
export function hintedUser(hint: string | null): User | undefined {
  const opaque = hint?.match(/^O\.(.+)$/)?.[1];
  if (opaque === undefined) return findUser(hint ?? '');
  const text = Buffer.from(opaque, 'base64url').toString();
  return users.find(({ username }) => text === JSON.stringify({ upn: username }));
}

function fitsDomainHint(user: User, hint: string | null): boolean {
  if (!hint) return true;
  const { kind, domain } = homeTenant(user);
  if (hint === 'consumers') return kind === 'personal';
  if (hint === 'organizations') return kind === 'work';
  return domain === hint.toLowerCase();
}

/** Those of `people` who may sign in for this request. */
export function welcome(flow: Flow, audience: Audience, people: readonly User[]): User[] {
  const hint = flow.parameters.get('domain_hint');
  return people.filter(
    (user) => findMembership(user, audience) !== undefined && fitsDomainHint(user, hint),
  );
}

/** Settles who the request is for, or shows the page that asks; silent requests fail instead. */
export function chooseUser(ctx: Koa.Context, state: SandboxState, flow: Flow): User | undefined {
  const audience = findAudience(flow.authority);
  const prompt = flow.parameters.get('prompt');
  const hint = flow.parameters.get('login_hint');
  const hinted = hintedUser(hint);
  if (hinted) return hinted;
  const signedIn = welcome(flow, audience, signedInUsers(ctx, state));
  if (prompt === 'none') {
    if (signedIn.length === 1) return signedIn[0];
    throw new ProtocolError(signedIn.length === 0 ? 50058 : 16000);
  }
  const choice = prompt === 'select_account' || prompt === 'login' || hint !== null;
  if (signedIn.length === 1 && !choice) return signedIn[0];
  const atHand = prompt !== 'login' && hint === null && signedIn.length > 0;
  if (atHand) showAccountPicker(ctx, flow, signedIn);
  else showUsername(ctx, flow, welcome(flow, audience, users), { entered: hint ?? '' });
  return undefined;
}
