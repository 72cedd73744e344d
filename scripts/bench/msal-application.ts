/** Microsoft's own library, set up as its guides for web apps say. */
import {
  ConfidentialClientApplication,
  type Configuration,
  DistributedCachePlugin,
  type ICacheClient,
  type INetworkModule,
  type IPartitionManager,
} from '@azure/msal-node';
import { z } from 'zod';
import { CLIENT_ID, LOGIN_URL } from './authority-in-memory.ts';

/** What discovery would answer, given beforehand as Microsoft's guide to performance asks. */
const authorityMetadata = JSON.stringify({
  authorization_endpoint: `${LOGIN_URL}/oauth2/v2.0/authorize`,
  token_endpoint: `${LOGIN_URL}/oauth2/v2.0/token`,
  end_session_endpoint: `${LOGIN_URL}/oauth2/v2.0/logout`,
  jwks_uri: `${LOGIN_URL}/discovery/v2.0/keys`,
  issuer: `${LOGIN_URL}/v2.0`,
});
const cloudDiscoveryMetadata = JSON.stringify({
  tenant_discovery_endpoint: `${LOGIN_URL}/v2.0/.well-known/openid-configuration`,
  'api-version': '1.1',
  metadata: [
    {
      preferred_network: 'login.microsoftonline.com',
      preferred_cache: 'login.windows.net',
      aliases: ['login.microsoftonline.com', 'login.windows.net', 'sts.windows.net'],
    },
  ],
});

export interface DistributedCache {
  readonly client: ICacheClient;
  readonly partition: IPartitionManager;
}

export function msalApplication(
  network: INetworkModule,
  cache?: DistributedCache,
): ConfidentialClientApplication {
  const auth = { clientId: CLIENT_ID, clientSecret: 'sent nowhere', authority: LOGIN_URL };
  const configuration: Configuration = {
    auth: { ...auth, authorityMetadata, cloudDiscoveryMetadata },
    system: { networkClient: network },
  };
  if (cache) {
    const { client, partition } = cache;
    configuration.cache = { cachePlugin: new DistributedCachePlugin(client, partition) };
  }
  return new ConfidentialClientApplication(configuration);
}

/** An account's partition, known beforehand. */
export function knownPartition(homeAccountId: string): IPartitionManager {
  return {
    getKey: () => Promise.resolve(homeAccountId),
    extractKey: (account) => Promise.resolve(account.homeAccountId),
  };
}

const sessionSchema = z.object({ account: z.object({ homeAccountId: z.string() }) });

/** As in Microsoft's sample: whose partition it is stands in the session, which is read each time. */
export function partitionOfSession(client: ICacheClient, sessionId: string): IPartitionManager {
  return {
    getKey: async () => {
      const session = await client.get(`sess:${sessionId}`);
      return sessionSchema.parse(JSON.parse(session)).account.homeAccountId;
    },
    extractKey: (account) => Promise.resolve(account.homeAccountId),
  };
}
