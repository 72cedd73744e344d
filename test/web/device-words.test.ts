/** Browsers and systems in words, and nothing else that a header may say. */
import { expect } from 'chai';
import { deviceWords } from '../../src/web/device-words.ts';

const MAC = 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)';
const IPHONE = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X)';
const WEBKIT = 'AppleWebKit/605.1.15 (KHTML, like Gecko)';
const CHROME = 'AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0';

describe('The words for a browser', () => {
  const known = [
    [
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0',
      'Firefox on Windows',
    ],
    [`${IPHONE} ${WEBKIT} Version/18.1 Mobile/15E148 Safari/604.1`, 'Safari on iPhone'],
    [`${IPHONE} ${WEBKIT} CriOS/131.0 Mobile/15E148 Safari/604.1`, 'Chrome on iPhone'],
    [`${MAC} ${WEBKIT} Version/18.0 Safari/605.1.15`, 'Safari on macOS'],
    [
      `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${CHROME} Safari/537.36 Edg/131.0.0.0`,
      'Microsoft Edge on Windows',
    ],
    [`Mozilla/5.0 (X11; Linux x86_64) ${CHROME} Safari/537.36`, 'Chrome on Linux'],
    [
      `Mozilla/5.0 (Linux; Android 14; SAMSUNG SM-S918B) ${CHROME} SamsungBrowser/25.0 Mobile`,
      'Samsung Internet on Android',
    ],
  ] as const;
  for (const [header, words] of known) {
    it(`are "${words}" for ${header.slice(0, 60)}…`, () => {
      expect(deviceWords(header)).to.equal(words);
    });
  }

  it('name no model but Apple’s, which say more than their system', () => {
    const nexus = `Mozilla/5.0 (Linux; Android 6; Nexus 7) ${CHROME} Safari/537.36`;
    expect(deviceWords(nexus)).to.equal('Chrome on Android');
  });

  it('are plain where nothing is known', () => {
    for (const header of ['', '   ', 'x', 'curl/8.5.0', '__proto__', 'constructor/1.0', '\u0000']) {
      expect(deviceWords(header), header).to.equal('An unknown browser');
    }
  });

  it('are never what the header says, only what is known by its name', () => {
    for (const header of ['<b>/1.0 (Windows NT 10.0)', 'Call 555-1234/1.0 (Windows NT 10.0)']) {
      expect(deviceWords(header)).to.equal('An unknown browser on Windows');
    }
    const model = 'Mozilla/5.0 (Linux; Android 14; <img src=x>) AppleWebKit/537.36 Chrome/131.0';
    expect(deviceWords(model)).to.equal('Chrome on Android');
  });

  it('look at the beginning of a header only', () => {
    const far = `${'x'.repeat(512)} Mozilla/5.0 (Windows NT 10.0) Gecko/20100101 Firefox/133.0`;
    expect(deviceWords(far)).to.equal('An unknown browser');
    const long = `Mozilla/5.0 (Windows NT 10.0) Gecko/20100101 Firefox/133.0 ${'(a'.repeat(500_000)}`;
    expect(deviceWords(long)).to.equal('Firefox on Windows');
  });
});
