/** What an operator does about a store, told by its kind and by what is known of its failure. */
import type { StoreState } from '../../src/storage/store-unavailable.ts';
import type { Mend } from './check.ts';

interface Service {
  readonly portal: string;
  /** Shows whether it runs and may be reached. */
  readonly show: string;
  /** Shows or sets what the store wants as a password. */
  readonly password: string;
}

const REDIS: Service = {
  portal: 'Azure portal > Azure Managed Redis > (this one)',
  show: 'az redisenterprise show --name <name> --resource-group <group>',
  password: 'az redisenterprise database list-keys --cluster-name <name> --resource-group <group>',
};
const POSTGRES: Service = {
  portal: 'Azure portal > Azure Database for PostgreSQL flexible servers > (this one)',
  show: 'az postgres flexible-server show --name <name> --resource-group <group>',
  password:
    'az postgres flexible-server update --name <name> --resource-group <group> --admin-password <password>',
};
const MYSQL: Service = {
  portal: 'Azure portal > Azure Database for MySQL flexible servers > (this one)',
  show: 'az mysql flexible-server show --name <name> --resource-group <group>',
  password:
    'az mysql flexible-server update --name <name> --resource-group <group> --admin-password <password>',
};

const SERVICES: readonly (readonly [scheme: RegExp, service: Service])[] = [
  [/^(redis|valkey)/, REDIS],
  [/^postgres/, POSTGRES],
  [/^mysql/, MYSQL],
];

const TEXTS: Readonly<Record<StoreState, string>> = {
  down: 'Start the store, let the network pass from here to it, or correct host and port in TokenCache:Store.',
  refused: 'Correct user name and password in TokenCache:Store, or what that user may do there.',
  readonly:
    'Point TokenCache:Store at the primary; if it is that, see why it takes no writes (replicas, disk, a failover).',
  full: 'Give it more room. Never let it evict: what is lost are sign-ins.',
};

/** The portal and the command are of the store as Azure offers it. */
export function storeMend(store: string, state: StoreState): Mend {
  const service = SERVICES.find(([scheme]) => scheme.test(store))?.[1];
  if (!service) return { text: TEXTS[state] };
  const command = state === 'refused' ? service.password : service.show;
  return { text: TEXTS[state], portal: service.portal, command };
}
