/** What a monitoring system counts of this site, in the text format of Prometheus. */
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { EXPIRES_SOON_DAYS } from './certificates/certificate.ts';
import type { CredentialStatus } from './credentials/credential-status.ts';
import { endsSoon } from './credentials/watch-credentials.ts';

export interface MetricsParts {
  readonly credentials: {
    readonly status: readonly CredentialStatus[];
    /** Where the credential is written that was accepted last. */
    readonly inUse: string | undefined;
  };
  readonly now: () => number;
}

/** The metrics of one site; each is read when it is asked for. */
export function createMetrics({ credentials, now }: MetricsParts): Registry {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const labelNames = ['credential', 'source_type'] as const;
  const labelsOf = ({ key, sourceType }: CredentialStatus) => ({
    credential: key,
    source_type: sourceType,
  });

  new Gauge({
    ...{ name: 'concierge_client_credential_expiry_timestamp_seconds', labelNames, registers },
    help: 'When a certificate of this site expires',
    collect() {
      this.reset();
      for (const status of credentials.status) {
        if (status.expiresAt !== undefined) this.set(labelsOf(status), status.expiresAt / 1000);
      }
    },
  });
  new Gauge({
    ...{ name: 'concierge_client_credential_usable', labelNames, registers },
    help: '0 while a credential cannot be used or is refused by the authority',
    collect() {
      for (const status of credentials.status) {
        const isBad = status.state === 'refused' || status.state === 'unusable';
        this.set(labelsOf(status), isBad ? 0 : 1);
      }
    },
  });
  new Gauge({
    ...{ name: 'concierge_client_credential_in_use', labelNames, registers },
    help: '1 for the credential that the authority accepted last',
    collect() {
      for (const status of credentials.status) {
        this.set(labelsOf(status), status.key === credentials.inUse ? 1 : 0);
      }
    },
  });
  new Gauge({
    ...{ name: 'concierge_client_credential_problem', labelNames, registers },
    help: `1 while something is wrong with a credential, if only that the next start would not find it, or it expires within ${EXPIRES_SOON_DAYS} days`,
    collect() {
      for (const status of credentials.status) {
        const isWrong = status.problem !== undefined || endsSoon(status.expiresAt, now());
        this.set(labelsOf(status), isWrong ? 1 : 0);
      }
    },
  });
  new Counter({
    ...{ name: 'concierge_client_credential_refusals_total', labelNames, registers },
    help: 'How often the authority has refused a credential since this process began',
    collect() {
      this.reset();
      for (const status of credentials.status) this.inc(labelsOf(status), status.refusals);
    },
  });
  return registry;
}
