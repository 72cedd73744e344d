/** The clock: ours against the authority's, which judges our assertions by its own. */
import { type Check, skipped } from './check.ts';

/** What a site and an authority forgive each other is minutes; a clock kept by NTP is off by milliseconds. */
const WARNING_SECONDS = 30;
const FAILED_SECONDS = 300;

const MEND = {
  text: 'Let NTP keep the clock of this machine (of a container: of its host). With chrony: chronyc makestep.',
  command: 'timedatectl set-ntp true && systemctl restart systemd-timesyncd',
};

export const checkClock: Check = {
  name: 'clock',
  run: async ({ askAuthority }) => {
    const asked = await askAuthority();
    if (!asked || asked.state === 'unreached') {
      return skipped('There is no answer of the authority to compare it with.');
    }
    if (asked.aheadMs === undefined) return skipped('The authority’s answer has no usable Date.');
    const seconds = Math.round(Math.abs(asked.aheadMs) / 1000);
    if (seconds <= 1) return [{ result: 'ok', seen: 'As the authority’s, to the second.' }];
    const seen = `${seconds} s ${asked.aheadMs > 0 ? 'ahead of' : 'behind'} the authority’s.`;
    if (seconds <= WARNING_SECONDS) return [{ result: 'ok', seen }];
    if (seconds <= FAILED_SECONDS) return [{ result: 'warning', seen, mend: MEND }];
    const broken = 'The authority refuses assertions of such a clock, and its ID tokens fail here.';
    return [{ result: 'failed', seen: `${seen} ${broken}`, mend: MEND }];
  },
};
