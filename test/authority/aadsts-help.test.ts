/** The help for AADSTS numbers: complete, whole in each entry, and no command that does harm unsaid. */
import { expect } from 'chai';
import { AADSTS_HELP } from '../../src/authority/aadsts-help.ts';

/** What goes wrong in credentials and settings, by Microsoft's own list of error codes. */
const EXPECTED = [
  ...[7000215, 7000222, 7000218, 700027, 700024, 7000214, 7000274, 7000277, 1000502, 700023],
  ...[70021, 700211, 700212, 700213, 700016, 7000112, 7000229, 90002, 50011, 50194, 500011],
  ...[650052, 65001, 900439, 90038],
];

describe('The help for AADSTS numbers', () => {
  it('knows those of credentials and settings, and none that a person answers', () => {
    for (const code of EXPECTED) expect(AADSTS_HELP, String(code)).to.have.property(String(code));
    for (const code of [50058, 50076, 50079, 70008, 700082]) {
      expect(AADSTS_HELP, String(code)).not.to.have.property(String(code));
    }
  });

  it('says in sentences what is wrong and what to do, and where', () => {
    for (const [code, help] of Object.entries(AADSTS_HELP)) {
      expect(help.meaning, code).to.match(/^[A-Z].*\.$/);
      expect(help.mend, code).to.match(/^[A-Z].*[./]$/);
      if (help.portal !== undefined) expect(help.portal, code).to.match(/^(App|Enterprise) /);
      if (help.command !== undefined) {
        expect(help.command, code).to.match(/^(az [a-z]+ [a-z]+|timedatectl) /);
        expect(help.command, 'in one line').not.to.match(/\s{2}|\n/);
      }
    }
  });

  it('adds a redirect URI to those there are', () => {
    const { command = '' } = AADSTS_HELP[50011] ?? {};
    expect(command).to.match(
      /--web-redirect-uris \$\(az ad app show .*web\.redirectUris .*\) <redirect-uri>$/,
    );
  });

  it('adds credentials beside those there are', () => {
    for (const { command = '' } of Object.values(AADSTS_HELP)) {
      if (command.includes('credential reset')) expect(command).to.include('--append');
    }
  });
});
