/** A process of its own that counts a record up: `node storage-process.ts <uri> <name> <times>`. */
import { createLog } from '../../src/log.ts';
import { openStorage } from '../../src/storage/open-storage.ts';
import { countUp } from './count-up.ts';

const [uri = '', name = '', times = '1'] = process.argv.slice(2);
const storage = await openStorage(uri, { log: createLog('silent'), now: Date.now });
for (let time = 0; time < Number(times); time += 1) await countUp(storage, name);
await storage.close();
