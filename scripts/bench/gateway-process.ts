/** One contestant of the gateway's bench in a process of its own: serves, and tells what it used. */
import { once } from 'node:events';
import process from 'node:process';
import { gatewayEntrySchema, type Usage } from './gateway-entry.ts';
import { gatewayFloor } from './gateway-floor.ts';
import { benchSite } from './gateway-site.ts';

const entry = gatewayEntrySchema.parse(JSON.parse(process.argv[2] ?? ''));
const { server, cookie } = await (entry.kind === 'floor' ? gatewayFloor(entry) : benchSite(entry));
server.keepAliveTimeout = 75_000;
server.listen(0, '127.0.0.1');
await once(server, 'listening');

function usage(): Usage {
  const { user, system } = process.cpuUsage();
  const peakRssBytes = process.resourceUsage().maxRSS * 1024;
  return { cpuUs: user + system, rssBytes: process.memoryUsage.rss(), peakRssBytes };
}

process.on('message', () => process.send?.(usage()));
// The parent is gone, or has no more questions.
process.on('disconnect', () => process.exit());
const address = server.address();
process.send?.({ port: typeof address === 'object' ? address?.port : undefined, cookie });
