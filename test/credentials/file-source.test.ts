/** A credential in files on a file system that may stop answering. */
import { expect } from 'chai';
import { assertionCredential } from '../../src/credentials/assertion-credential.ts';
import { FileSource } from '../../src/credentials/file-source.ts';
import { logLines, WARN } from '../support/log-lines.ts';

const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('A credential in files that do not answer', () => {
  let looks: ((state: string) => void)[];
  let reads: number;
  let lines: ReturnType<typeof logLines>;
  let source: FileSource;

  beforeEach(async () => {
    looks = [];
    reads = 0;
    lines = logLines();
    source = new FileSource({
      ...{ key: 'AzureAd:ClientCredentials:0', paths: ['/mnt/token'], log: lines.log },
      look: () => new Promise((resolve) => looks.push(resolve)),
      read: () => {
        reads += 1;
        return assertionCredential(`${encoded({ alg: 'RS256' })}.${encoded({ reads })}.c2ln`, 'it');
      },
    });
    const first = source.current();
    looks.shift()?.('one');
    await first;
  });

  it('serves as it was read before, by one look for all, and only the first wait for it', async () => {
    const [one, other] = await Promise.all([source.current(), source.current()]);
    const begun = performance.now();
    expect([one, other]).to.deep.equal([await source.current(), one]);
    expect(performance.now() - begun, 'known to be silent').to.be.below(250);
    expect([looks.length, reads]).to.deep.equal([1, 1]);
  });

  it('is warned of once, with where to look', async () => {
    await Promise.all([source.current(), source.current()]);
    await source.current();
    const silent = lines.of('client_credential_files_silent');
    expect(silent).to.have.length(1);
    expect(silent[0]).to.deep.include({ level: WARN, paths: ['/mnt/token'] });
  });

  it('is taken as it is now once they answer', async () => {
    const before = await source.current();
    looks.shift()?.('two');
    await new Promise(setImmediate);
    const asked = source.current();
    looks.shift()?.('two');
    expect((await asked).fingerprint).to.not.equal(before.fingerprint);
    expect(reads).to.equal(2);
  });
});
