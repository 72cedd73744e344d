/** Says for every failure what happened and what to do next, in words for the person. */
import { HttpError } from 'koa';
import {
  ApiFailed,
  AppError,
  Forbidden,
  Misconfigured,
  SignInFailed,
  SignInRequired,
  Unavailable,
} from '../errors.ts';

export interface ErrorAnswer {
  readonly status: number;
  /** For programs: stable. */
  readonly code: string;
  readonly title: string;
  readonly message: string;
  readonly advice: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Whether the same request may succeed later. */
  readonly isRetryable: boolean;
}

const AGAIN =
  'Try again; if it stays like this, send the reference below to whoever runs this site.';
const STILL = 'Nothing was lost, and nobody was signed out.';

/** Koa's own refusals, by status. */
const REFUSALS = new Map([
  [404, ['There is nothing here', 'This address does not exist on this site.']],
  [405, ['That cannot be done here', 'This address does not take such a request.']],
  [413, ['That is too much', 'The request is larger than this site takes.']],
  [414, ['That address is too long', 'The address is longer than any this site gives out.']],
  [415, ['That cannot be read', 'The request is encoded in a way that this site does not read.']],
  [429, ['A little slower, please', 'Too many sign-ins were begun here just now.']],
]);

/** `isWrite`: whether repeating the request could do its work twice. */
export function errorAnswer(error: unknown, isWrite: boolean): ErrorAnswer {
  if (error instanceof AppError) return appErrorAnswer(error, isWrite);
  if (error instanceof HttpError && error.expose) return refusalAnswer(error);
  return {
    status: 500,
    code: 'internal_error',
    title: 'Something broke',
    message: 'This site made a mistake. It has been written down.',
    advice: AGAIN,
    headers: {},
    isRetryable: true,
  };
}

function appErrorAnswer(error: AppError, isWrite: boolean): ErrorAnswer {
  const { status, code, message } = error;
  return { status, code, message, headers: {}, isRetryable: false, ...words(error, isWrite) };
}

function words(
  error: AppError,
  isWrite: boolean,
): Partial<ErrorAnswer> & { title: string; advice: string } {
  if (error instanceof SignInRequired) {
    return { title: 'Please sign in', advice: 'Sign in, and you will be brought back.' };
  }
  if (error instanceof SignInFailed && error.reason === 'refused-by-site') {
    const advice = 'If you think you should be let in, ask whoever runs this site.';
    return { title: 'You were not let in', advice };
  }
  if (error instanceof SignInFailed && error.reason === 'tenant-not-allowed') {
    const advice = 'Ask your administrator, or sign in with another account.';
    return { status: 403, title: 'This site is not open to your organisation', advice };
  }
  if (error instanceof SignInFailed) {
    return {
      title: 'You were not signed in',
      advice: 'Start the sign-in again.',
      isRetryable: true,
    };
  }
  if (error instanceof Forbidden && error.missing) {
    const what = 'roles' in error.missing ? 'a role' : 'to be in a group';
    const title = `You need ${what} for this`;
    const advice = 'Ask whoever runs this site. What you are given counts from your next sign-in.';
    return { title, advice };
  }
  if (error instanceof Forbidden) {
    return { title: 'That is not allowed', advice: 'Go back and use the links of this site.' };
  }
  if (error instanceof Unavailable) {
    const seconds = String(Math.max(1, Math.ceil(error.retryAfterSeconds)));
    const advice =
      isWrite && error.outcome === 'unknown'
        ? 'It is not known whether the last step was carried out. Look before you repeat it.'
        : `${STILL} Try again in ${seconds === '1' ? 'a second' : `${seconds} seconds`}.`;
    const headers = { 'Retry-After': seconds };
    return { title: 'Not available just now', advice, headers, isRetryable: true };
  }
  if (error instanceof ApiFailed) {
    const title = `${error.detail.api ?? 'An API'} did not give this page its data`;
    return { title, advice: `${STILL} ${AGAIN}`, isRetryable: true };
  }
  if (error instanceof Misconfigured) {
    return {
      title: 'This site is not set up correctly',
      advice: 'You have done nothing wrong. Send the reference below to whoever runs this site.',
    };
  }
  return { title: 'Something broke', advice: AGAIN };
}

function refusalAnswer(error: InstanceType<typeof HttpError>): ErrorAnswer {
  const [title, message] = REFUSALS.get(error.status) ?? [
    'That did not work',
    'This site does not understand the request.',
  ];
  const seconds = error.headers?.['Retry-After'];
  const isBusy = error.status === 429;
  return {
    status: error.status,
    code: `http_${error.status}`,
    title: title ?? '',
    message: message ?? '',
    advice: isBusy ? `Try again in ${seconds ?? 60} seconds.` : 'Go on from the start page.',
    headers: seconds ? { 'Retry-After': seconds } : {},
    isRetryable: isBusy,
  };
}
