/** The clouds that a site can be registered in by commands: those that the Azure CLI knows. */
import { type Cloud as AnyCloud, CLOUDS as ALL_CLOUDS } from '../../src/config/clouds.ts';

type AzName = NonNullable<AnyCloud['azName']>;

export interface Cloud {
  readonly name: string;
  /** For `az cloud set`. */
  readonly azName: AzName;
  readonly instance: string;
  readonly graph: string;
  /** Whether personal Microsoft accounts can sign in there. */
  readonly hasPersonalAccounts: boolean;
}

/** The words of `--cloud`. */
const WORDS: Readonly<Record<AzName, string>> = {
  AzureCloud: 'global',
  AzureUSGovernment: 'usgov',
  AzureChinaCloud: 'china',
};

/** By the words of `--cloud`. */
export const CLOUDS: ReadonlyMap<string, Cloud> = new Map(
  ALL_CLOUDS.flatMap(({ name, azName, host, graphHosts: [graphHost] }) => {
    if (azName === undefined) return [];
    const hosts = { instance: `https://${host}/`, graph: `https://${graphHost}` };
    const hasPersonalAccounts = azName === 'AzureCloud';
    return [[WORDS[azName], { name, azName, ...hosts, hasPersonalAccounts }] as const];
  }),
);
