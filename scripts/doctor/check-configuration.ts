/** The configuration: all its faults and warnings, as the start of the site would tell them. */
import type { Check, Finding } from './check.ts';

export const checkConfiguration: Check = {
  name: 'configuration',
  run: async ({ examined: { faults, warnings, sections } }) => {
    const findings: Finding[] = faults.map(({ key, problem, fix }) => ({
      result: 'failed',
      subject: key,
      seen: `${key} ${problem}.`,
      mend: { text: fix },
    }));
    findings.push(...warnings.map((text): Finding => ({ result: 'warning', seen: text })));
    if (findings.length > 0) return findings;
    const count = sections?.downstreamApis.length ?? 0;
    return [{ result: 'ok', seen: `No faults; ${count} ${count === 1 ? 'API' : 'APIs'}.` }];
  },
};
