/** Microsoft's own libraries in a process of their own, as they are: does what its parent sends, and answers. */
import process from 'node:process';
import { ManagedIdentityCredential } from '@azure/identity';
import { CertificateClient } from '@azure/keyvault-certificates';
import { CryptographyClient } from '@azure/keyvault-keys';
import { SecretClient } from '@azure/keyvault-secrets';
import { z } from 'zod';

const named = { vaultUrl: z.string(), name: z.string(), version: z.string().optional() };
const order = z.object({
  id: z.number(),
  clientId: z.string().optional(),
  order: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('token'), scope: z.string() }),
    z.object({ kind: z.literal('certificate'), ...named }),
    z.object({ kind: z.literal('secret'), ...named }),
    z.object({
      kind: z.literal('sign'),
      keyId: z.string(),
      algorithm: z.enum(['PS256', 'RS256', 'ES256']),
      digest: z.base64(),
    }),
  ]),
});

export type AzureOrder = z.infer<typeof order>['order'];

const failure = z.object({
  name: z.string(),
  message: z.string(),
  statusCode: z.number().optional(),
  code: z.string().optional(),
});

const retryOptions = { maxRetries: 0 };

async function run(what: AzureOrder, clientId: string | undefined): Promise<object> {
  const credential = new ManagedIdentityCredential({
    ...(clientId !== undefined && { clientId }),
    retryOptions,
  });
  switch (what.kind) {
    case 'token':
      return await credential.getToken(what.scope);
    case 'certificate': {
      const client = new CertificateClient(what.vaultUrl, credential, { retryOptions });
      const found =
        what.version === undefined
          ? await client.getCertificate(what.name)
          : await client.getCertificateVersion(what.name, what.version);
      const { keyId, secretId, cer, properties } = found;
      const { version, enabled, notBefore, expiresOn, x509ThumbprintString } = properties;
      return {
        ...{ keyId, secretId, version, enabled, notBefore, expiresOn, x509ThumbprintString },
        cer: Buffer.from(cer ?? []).toString('base64'),
      };
    }
    case 'secret': {
      const client = new SecretClient(what.vaultUrl, credential, { retryOptions });
      const { version } = what;
      const { value, properties } = await client.getSecret(what.name, {
        ...(version !== undefined && { version }),
      });
      const { contentType, enabled, expiresOn } = properties;
      return { value, contentType, enabled, expiresOn, version: properties.version };
    }
    case 'sign': {
      const client = new CryptographyClient(what.keyId, credential, { retryOptions });
      const { result } = await client.sign(what.algorithm, Buffer.from(what.digest, 'base64'));
      return { signature: Buffer.from(result).toString('base64') };
    }
  }
}

process.on('message', (message) => {
  const { id, clientId, order: what } = order.parse(message);
  run(what, clientId).then(
    (value) => process.send?.({ id, value }),
    (error: unknown) => process.send?.({ id, failure: failure.parse(error) }),
  );
});
process.send?.({ ready: true });
