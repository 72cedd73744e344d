/** Who is signed in, as Graph knows them: profile, photo, manager and direct reports. */
import { z } from 'zod';
import { ApiFailed } from '../../errors.ts';
import type { ApiAnswer } from '../api-client.ts';
import { contentFailure } from '../api-failure.ts';
import type { Graph } from './graph.ts';
import { optionalText } from './graph-fields.ts';

const meSchema = z.object({
  id: z.string(),
  displayName: optionalText,
  givenName: optionalText,
  surname: optionalText,
  userPrincipalName: optionalText,
  mail: optionalText,
  jobTitle: optionalText,
  officeLocation: optionalText,
  mobilePhone: optionalText,
  preferredLanguage: optionalText,
});
export type Me = z.output<typeof meSchema>;

/** Someone else of the same directory. */
const colleagueSchema = z.object({
  id: z.string(),
  displayName: optionalText,
  jobTitle: optionalText,
  mail: optionalText,
});
export type Colleague = z.output<typeof colleagueSchema>;

const RASTER_IMAGE = /^image\/(jpeg|png|gif|webp)\s*(;|$)/i;
const REPORTS = '50';
/**
 * Graph lets nobody see a manager for less, and an administrator has to consent to it
 * (https://learn.microsoft.com/graph/api/user-list-manager).
 */
export const MANAGER_PERMISSION = 'User.Read.All';
/** For the names of those who report; anyone may consent to it. */
export const REPORTS_PERMISSION = 'User.ReadBasic.All';

export function readMe(graph: Graph): Promise<Me> {
  return graph.read(meSchema, { path: '/me' });
}

/** The photo of the person signed in, a raster image; `undefined` if there is none. */
export async function readPhoto(graph: Graph): Promise<ApiAnswer | undefined> {
  const read = graph.stream({ path: '/me/photo/$value', accept: 'image/*' });
  const answer = await absentIfNotFound(read);
  if (!answer) return undefined;
  if (RASTER_IMAGE.test([answer.headers['content-type']].flat()[0] ?? '')) return answer;
  answer.body.destroy();
  const { section, request } = graph.options;
  throw contentFailure(section.name, answer, request?.correlationId);
}

/** The person's manager; `undefined` if there is none. */
export function readManager(graph: Graph): Promise<Colleague | undefined> {
  return absentIfNotFound(
    graph.read(colleagueSchema, { path: '/me/manager', permission: MANAGER_PERMISSION }),
  );
}

/** Those who report to the person, the first 50. */
export async function readReports(graph: Graph): Promise<readonly Colleague[]> {
  const permission = REPORTS_PERMISSION;
  const read = { path: '/me/directReports', permission, query: { $top: REPORTS } };
  return (await graph.list(colleagueSchema, read)).items;
}

/**
 * Ends the person's sessions at the authority: their refresh tokens and browser sessions, everywhere
 * (https://learn.microsoft.com/graph/api/user-revokesigninsessions). Takes minutes to take effect.
 *
 * @throws {SignInRequired} no consent to User.RevokeSessions.All.
 */
export async function revokeSignInSessions(graph: Graph): Promise<void> {
  await graph.act({ path: '/me/revokeSignInSessions', permission: 'User.RevokeSessions.All' });
}

async function absentIfNotFound<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    // Graph's way to say that there is none.
    if (error instanceof ApiFailed && error.detail.apiStatus === 404) return undefined;
    throw error;
  }
}
