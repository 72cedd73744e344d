/** The settings that belong to the registered app, as lines of JSON for a shell to complete. */
import type { NewCredential, Registration } from './registration.ts';
import { shellWord } from '../shell-word.ts';

/** Only these keys are ever completed, and nothing that was given from outside stands under them. */
const VARIABLE = /^(\s*"(?:TenantId|ClientId|ClientSecret)": ")\$([A-Z_]+)(",?)$/;

/** Each is a word of the shell, in which `$CLIENT_ID`, `$TENANT_ID` and `$CLIENT_SECRET` are filled in. */
export function settingsLines(
  registration: Registration,
  credential: NewCredential,
): readonly string[] {
  return JSON.stringify(settingsOf(registration, credential), null, 2)
    .split('\n')
    .map((line) => {
      const [, before, variable, after] = VARIABLE.exec(line) ?? [];
      if (before === undefined || variable === undefined || after === undefined) {
        return shellWord(line);
      }
      return `'${before}'"$${variable}"'${after}'`;
    });
}

function settingsOf(
  { publicUrl, cloud, tenants, ownPaths, hasApis, permissions }: Registration,
  credential: NewCredential,
): unknown {
  return {
    Site: { PublicUrl: publicUrl.origin },
    AzureAd: {
      Instance: cloud.instance,
      TenantId: tenants.tenantId ?? '$TENANT_ID',
      ClientId: '$CLIENT_ID',
      ...(credential.type === 'secret'
        ? { ClientSecret: '$CLIENT_SECRET' }
        : {
            ClientCredentials: [
              {
                SourceType: 'Path',
                CertificateDiskPath: credential.certificateDiskPath,
                PrivateKeyDiskPath: credential.privateKeyDiskPath,
              },
            ],
          }),
      ...ownPaths,
    },
    ...(hasApis
      ? {}
      : {
          DownstreamApis: {
            Graph: { BaseUrl: `${cloud.graph}/v1.0`, Scopes: permissions.join(' ') },
          },
        }),
  };
}
