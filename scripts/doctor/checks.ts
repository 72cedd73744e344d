/** The doctor's checks, in the order of the table; they run side by side. */
import type { Check } from './check.ts';
import { checkApis } from './check-apis.ts';
import { checkClock } from './check-clock.ts';
import { checkConfiguration } from './check-configuration.ts';
import { checkCredentials } from './check-credentials.ts';
import { checkDiscovery } from './check-discovery.ts';
import { checkKeyRing } from './check-key-ring.ts';
import { checkPublicUrl } from './check-public-url.ts';
import { checkRegistration } from './check-registration.ts';
import { checkStore } from './check-store.ts';

export const CHECKS: readonly Check[] = [
  checkConfiguration,
  checkDiscovery,
  checkClock,
  checkCredentials,
  checkRegistration,
  checkPublicUrl,
  checkStore,
  checkKeyRing,
  checkApis,
];
