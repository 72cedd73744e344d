/** The invented tenants and people of the sandbox. */
import { ProtocolError } from './protocol-error.ts';

export interface Tenant {
  readonly id: string;
  readonly domain: string;
  readonly name: string;
  readonly kind: 'work' | 'personal';
  /** Scopes that only an administrator of this tenant can consent to. */
  readonly adminConsentScopes: readonly string[];
}

export interface User {
  /** The object id in the home tenant: `uid` of `client_info`. */
  readonly id: string;
  readonly username: string;
  readonly name: string;
  readonly jobTitle: string | null;
  readonly city: string | null;
  readonly homeTenantId: string;
  readonly guestIn: readonly { readonly tenantId: string; readonly objectId: string }[];
  readonly hasPhoto: boolean;
  /** Whether they administer their home tenant. */
  readonly isAdministrator: boolean;
  /** The username of whom they report to. */
  readonly manager: string | undefined;
  /** The colour of the portrait, in degrees. */
  readonly hue: number;
}

/** The tenant of all personal accounts (facts of the Microsoft identity platform). */
export const personalTenantId = '9188040d-6c67-4c5b-b112-36a304b66dad';

const contoso = '5d3a1b0e-7c41-4e5b-9a57-0f1c8a2e6b01';
const fabrikam = '8e6f2c94-1d7b-4f0a-b3c8-61d5e9a07f02';

export const tenants: readonly Tenant[] = [
  {
    id: contoso,
    domain: 'contoso.example',
    name: 'Contoso',
    kind: 'work',
    adminConsentScopes: [],
  },
  {
    id: fabrikam,
    domain: 'fabrikam.example',
    name: 'Fabrikam',
    kind: 'work',
    adminConsentScopes: ['https://graph.microsoft.com/User.ReadBasic.All'],
  },
  {
    id: personalTenantId,
    domain: 'personal.example',
    name: 'Personal accounts',
    kind: 'personal',
    adminConsentScopes: [],
  },
];

export const users: readonly User[] = [
  {
    id: '1a7e0c52-3f6d-4b8e-8c11-a0da00000001',
    username: 'ada@contoso.example',
    name: 'Ada Example',
    jobTitle: 'Head of Operations',
    city: 'Bristol',
    homeTenantId: contoso,
    guestIn: [],
    hasPhoto: true,
    isAdministrator: true,
    manager: undefined,
    hue: 205,
  },
  {
    id: '2b8f1d63-4a7e-4c9f-9d22-be0000000002',
    username: 'ben@contoso.example',
    name: 'Ben Sample',
    jobTitle: 'Warehouse Planner',
    city: 'Leeds',
    homeTenantId: contoso,
    guestIn: [],
    hasPhoto: false,
    isAdministrator: false,
    manager: 'ada@contoso.example',
    hue: 28,
  },
  {
    id: '3c901e74-5b8f-4da0-ae33-c1e000000003',
    username: 'cleo@fabrikam.example',
    name: 'Cleo Placeholder',
    jobTitle: 'Product Designer',
    city: 'Cork',
    homeTenantId: fabrikam,
    guestIn: [{ tenantId: contoso, objectId: '7d0a2f85-6c90-4eb1-bf44-c1e0000000c3' }],
    hasPhoto: true,
    isAdministrator: true,
    manager: 'dan@fabrikam.example',
    hue: 325,
  },
  {
    id: '4da12f85-6c90-4eb1-bf44-da4000000004',
    username: 'dan@fabrikam.example',
    name: 'Dan Demonstration',
    jobTitle: 'Finance Lead',
    city: 'Cardiff',
    homeTenantId: fabrikam,
    guestIn: [],
    hasPhoto: true,
    isAdministrator: false,
    manager: undefined,
    hue: 145,
  },
  {
    id: '00000000-0000-0000-5eb2-30961da10005',
    username: 'eve@personal.example',
    name: 'Eve Pattern',
    jobTitle: null,
    city: null,
    homeTenantId: personalTenantId,
    guestIn: [],
    hasPhoto: true,
    isAdministrator: false,
    manager: undefined,
    hue: 265,
  },
];

/** What the first path segment of an authority names. */
export type Audience = Tenant | 'common' | 'organizations';

/** @throws {ProtocolError} AADSTS90002: there is no such tenant. */
export function findAudience(segment: string): Audience {
  const wanted = segment.toLowerCase();
  if (wanted === 'common' || wanted === 'organizations') return wanted;
  const tenant = tenants.find(
    ({ id, domain, kind }) =>
      id === wanted || domain === wanted || (wanted === 'consumers' && kind === 'personal'),
  );
  if (!tenant) throw new ProtocolError(90002, { detail: `Tenant '${segment}' not found.` });
  return tenant;
}

export function findUser(username: string): User | undefined {
  const wanted = username.trim().toLowerCase();
  return users.find((user) => user.username === wanted);
}

export function homeTenant(user: User): Tenant {
  const tenant = tenants.find(({ id }) => id === user.homeTenantId);
  if (!tenant) throw new Error(`${user.name} has no home tenant`);
  return tenant;
}

/** Where a person is signed in, and as which object: a guest has another object id than at home. */
export interface Membership {
  readonly tenant: Tenant;
  readonly objectId: string;
  readonly guest: boolean;
}

/** Who `user` is for that audience, or `undefined` if they may not sign in there. */
export function findMembership(user: User, audience: Audience): Membership | undefined {
  const home = homeTenant(user);
  if (audience === 'common' || audience === home || audience === 'organizations') {
    const welcome = audience !== 'organizations' || home.kind === 'work';
    return welcome ? { tenant: home, objectId: user.id, guest: false } : undefined;
  }
  const guest = user.guestIn.find(({ tenantId }) => tenantId === audience.id);
  return guest && { tenant: audience, objectId: guest.objectId, guest: true };
}

/** Whether this person may consent for everyone in the tenant they sign in to. */
export const administers = (user: User, { guest }: Membership): boolean =>
  user.isAdministrator && !guest;
