/** Microsoft's clouds: what each is called, and where its hosts are. */

export interface Cloud {
  /** For `az cloud set`. */
  readonly azName: string;
  readonly instance: string;
  readonly graph: string;
  /** Whether personal Microsoft accounts can sign in there. */
  readonly hasPersonalAccounts: boolean;
}

/** By the words of `--cloud`. */
export const CLOUDS: ReadonlyMap<string, Cloud> = new Map([
  [
    'global',
    {
      azName: 'AzureCloud',
      instance: 'https://login.microsoftonline.com/',
      graph: 'https://graph.microsoft.com',
      hasPersonalAccounts: true,
    },
  ],
  [
    'usgov',
    {
      azName: 'AzureUSGovernment',
      instance: 'https://login.microsoftonline.us/',
      graph: 'https://graph.microsoft.us',
      hasPersonalAccounts: false,
    },
  ],
  [
    'china',
    {
      azName: 'AzureChinaCloud',
      instance: 'https://login.partner.microsoftonline.cn/',
      graph: 'https://microsoftgraph.chinacloudapi.cn',
      hasPersonalAccounts: false,
    },
  ],
]);
