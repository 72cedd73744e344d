/** The reference of a failure: what support asks for, and nothing that opens anything. */
import { AppError } from '../errors.ts';
import type { Context } from './context.ts';

export interface Reference {
  readonly correlationId: string;
  /** Epoch milliseconds as ISO 8601, UTC. */
  readonly timestamp: string;
  /** Ids by which the authority or an API knows the failure. */
  readonly traceId?: string;
  readonly remoteCorrelationId?: string;
  readonly remoteTimestamp?: string;
}

export function referenceOf(ctx: Context, error: unknown, now: number): Reference {
  const { correlationId } = ctx.state;
  const detail = error instanceof AppError ? error.detail : {};
  return {
    correlationId,
    timestamp: new Date(now).toISOString(),
    ...(detail.traceId && { traceId: detail.traceId }),
    ...(detail.correlationId &&
      detail.correlationId !== correlationId && { remoteCorrelationId: detail.correlationId }),
    ...(detail.timestamp && { remoteTimestamp: detail.timestamp }),
  };
}

/** One line a thing, to be copied into a report. */
export function referenceText(reference: Reference): string {
  const labels = {
    correlationId: 'Correlation id',
    timestamp: 'Time',
    traceId: 'Authority trace id',
    remoteCorrelationId: 'Remote correlation id',
    remoteTimestamp: 'Remote time',
  };
  return Object.entries(labels)
    .map(([key, label]) => [label, Object.entries(reference).find(([k]) => k === key)?.[1]])
    .filter(([, value]) => value)
    .map(([label, value]) => `${label}: ${value}`)
    .join('\n');
}
