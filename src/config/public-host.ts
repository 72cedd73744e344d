/** Checks that Entra ID takes the site's host in a redirect URI. */
import type { FaultReport } from './faults.ts';

/** For a public URL that was read already: only what Entra ID asks beyond that is looked at. */
export function checkPublicHost({ hostname }: URL, report: FaultReport): void {
  if (hostname === '[::1]') {
    const problem = 'is at [::1], which Entra ID takes in no redirect URI';
    report.fault('Site:PublicUrl', problem, 'Use localhost in its place.');
  } else if (/[!$'(),;]/.test(hostname)) {
    const problem = "holds one of ! $ ' ( ) , ; which no redirect URI may hold";
    report.fault('Site:PublicUrl', problem, 'Write the name of a host, as in https://your.site.');
  }
}
