/** The configuration: all its faults and warnings, as the start of the site would tell them. */
import type { ConfigurationFault } from '../../src/config/faults.ts';
import type { Check, Finding } from './check.ts';

export const checkConfiguration: Check = {
  name: 'configuration',
  run: async ({ examined: { faults, warnings, sections } }) => {
    const findings = [
      ...faults.map((fault) => findingOf('failed', fault)),
      ...warnings.map((warning) => findingOf('warning', warning)),
    ];
    if (findings.length > 0) return findings;
    const count = sections?.downstreamApis.length ?? 0;
    return [{ result: 'ok', seen: `No faults; ${count} ${count === 1 ? 'API' : 'APIs'}.` }];
  },
};

function findingOf(
  result: 'failed' | 'warning',
  { key, problem, fix }: ConfigurationFault,
): Finding {
  return { result, subject: key, seen: `${key} ${problem}.`, mend: { text: fix } };
}
