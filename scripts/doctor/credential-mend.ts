/** What an operator does about a credential at Entra ID and in its vault: where, and by which command. */
import type { ClientCredential, VaultCredential } from '../../src/config/settings.ts';
import type { CredentialStatus } from '../../src/credentials/credential-status.ts';
import type { VaultTrouble } from '../../src/credentials/credential-source.ts';
import { shellWord } from '../shell-word.ts';
import { aadstsMend } from './aadsts-mend.ts';
import type { Mend } from './check.ts';

type Place = Omit<Mend, 'text'>;

/** Stands for each kind of credential: what the help says of it is where such a one is registered. */
export const CERTIFICATE_UNKNOWN = 700027;
const SECRET_WRONG = 7000215;
const NO_FEDERATED_FIT = 70021;

const VAULT = 'Azure portal > Key vaults > (this one)';

/** Where one of its kind is registered with the app. */
export function registrationPlace(credential: ClientCredential, clientId: string): Place {
  const place = (code: number): Place => {
    const { portal, command } = aadstsMend(code, { clientId })?.mend ?? {};
    return { ...(portal !== undefined && { portal }), ...(command !== undefined && { command }) };
  };
  switch (credential.sourceType) {
    case 'ClientSecret':
      return place(SECRET_WRONG);
    case 'Path':
    case 'Base64Encoded':
      return place(CERTIFICATE_UNKNOWN);
    case 'KeyVault':
    case 'SignedAssertionFromVault': {
      const { portal, command } = place(CERTIFICATE_UNKNOWN);
      // The newest version, without its key.
      const download = `az keyvault certificate download ${namesOf(credential)} --file <certificate.pem>`;
      return { ...(portal !== undefined && { portal }), command: `${download} && ${command}` };
    }
    default:
      return place(NO_FEDERATED_FIT);
  }
}

/** Of a certificate that ends soon, or has ended. */
export function renewal(credential: ClientCredential, clientId: string | undefined): Mend {
  const isInVault = 'vaultUrl' in credential;
  const text = isInVault
    ? 'Make a new version of it in the vault, and register that beside the old one.'
    : 'Register a new certificate beside it, and put that in its place; or put the new one first in the list, start again, and remove this one later.';
  if (clientId === undefined) return { text };
  const place = registrationPlace(credential, clientId);
  if (!isInVault) return { text, ...place };
  const portal = `${VAULT} > Certificates > (this one) > New Version; then ${place.portal}`;
  return { text, ...place, portal };
}

/** Of what cannot be used; what is wrong on this machine has its sentence alone. */
export function unusableMend(
  credential: ClientCredential,
  { fix = 'See the settings.', trouble, expiresAt }: Partial<CredentialStatus>,
  { clientId, now }: { clientId: string | undefined; now: number },
): Mend {
  if (trouble && 'vaultUrl' in credential) {
    return { text: fix, ...vaultPlace(credential, trouble) };
  }
  if (expiresAt === undefined || expiresAt > now) return { text: fix };
  const { text, ...place } = renewal(credential, clientId);
  return { text: `${fix} ${text}`, ...place };
}

function vaultPlace(credential: VaultCredential, trouble: VaultTrouble): Place {
  const certificates = `${VAULT} > Certificates`;
  switch (trouble.kind) {
    case 'denied': {
      const { managedIdentityClientId: identity } = credential;
      const assignee = identity ? shellWord(identity) : '<object ID of the identity>';
      const scope = `$(az keyvault show --name ${vaultOf(credential)} --query id --output tsv)`;
      return {
        portal: `${VAULT} > Access control (IAM) > Add role assignment`,
        command: `az role assignment create --role ${shellWord(trouble.role)} --assignee ${assignee} --scope ${scope}`,
      };
    }
    case 'absent': {
      const command = `az keyvault certificate list --vault-name ${vaultOf(credential)} --query '[].name'`;
      return { portal: certificates, command };
    }
    case 'unfit': {
      const command = `az keyvault certificate show ${namesOf(credential)}`;
      return { portal: `${certificates} > (this one) > Issuance Policy`, command };
    }
  }
}

function namesOf(credential: VaultCredential): string {
  return `--vault-name ${vaultOf(credential)} --name ${shellWord(credential.certificateName)}`;
}

/** Its name is the first label of its host. */
function vaultOf({ vaultUrl }: VaultCredential): string {
  return shellWord(vaultUrl.hostname.split('.', 1)[0] ?? '');
}
