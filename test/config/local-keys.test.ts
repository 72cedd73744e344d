/** The keys of a developer's machine. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { ConfigurationFaults, FaultReport } from '../../src/config/faults.ts';
import { LOCAL_KEYS_FILE, localKeys } from '../../src/config/local-keys.ts';
import { folderWith } from './config-rig.ts';

const bytes = (value: number) => (size: number) => Buffer.alloc(size, value);

describe('localKeys', () => {
  it('makes keys in a file that only its owner can read', () => {
    const folder = folderWith({});
    const keys = localKeys(folder, bytes(5), new FaultReport());
    expect(keys).to.deep.equal({
      encryptionKeys: [Buffer.alloc(32, 5)],
      indexKey: Buffer.alloc(32, 5),
    });
    expect(statSync(join(folder, LOCAL_KEYS_FILE)).mode & 0o777).to.equal(0o600);
    expect(readdirSync(join(folder, '.local'))).to.deep.equal(['keys.json']);
  });

  it('gives the same keys the next time, and does not write again', () => {
    const folder = folderWith({});
    const first = localKeys(folder, bytes(1), new FaultReport());
    const text = readFileSync(join(folder, LOCAL_KEYS_FILE), 'utf8');
    expect(localKeys(folder, bytes(2), new FaultReport())).to.deep.equal(first);
    expect(readFileSync(join(folder, LOCAL_KEYS_FILE), 'utf8')).to.equal(text);
  });

  it('uses the keys of a process that was first by a moment', () => {
    const folder = folderWith({});
    const racing = (size: number) => {
      localKeys(folder, bytes(1), new FaultReport());
      return Buffer.alloc(size, 2);
    };
    const keys = localKeys(folder, racing, new FaultReport());
    expect(keys?.indexKey).to.deep.equal(Buffer.alloc(32, 1));
  });

  it('says so where it cannot write', () => {
    const report = new FaultReport();
    expect(localKeys('/sys', bytes(1), report)).to.equal(undefined);
    expect(report.faults[0]?.problem).to.match(/^cannot be written \(E/);
  });

  it('says so where it cannot read', () => {
    const report = new FaultReport();
    expect(localKeys(folderWith({ '.local': '' }), bytes(1), report)).to.equal(undefined);
    expect(report.faults[0]?.problem).to.equal('cannot be read (ENOTDIR)');
  });

  it('refuses a file that it did not make, and shows nothing of it', () => {
    for (const content of [
      'canary',
      '{}',
      '{"encryptionKeys":[],"indexKey":"canary"}',
      '{"encryptionKeys":["Y2FuYXJ5"],"indexKey":"Y2FuYXJ5"}',
    ]) {
      const report = new FaultReport();
      const folder = folderWith({ [LOCAL_KEYS_FILE]: content });
      expect(localKeys(folder, bytes(1), report)).to.equal(undefined);
      expect(report.faults.map(({ key }) => key)).to.deep.equal([LOCAL_KEYS_FILE]);
      expect(new ConfigurationFaults(report.faults).message)
        .not.to.contain('canary')
        .and.not.to.contain('Y2Fu');
      expect(readFileSync(join(folder, LOCAL_KEYS_FILE), 'utf8')).to.equal(content);
    }
  });
});
