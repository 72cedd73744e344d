/** Makes a key for TokenCache:EncryptionKeys, and says how it is rolled out: `npm run new-key`. */
import { randomBytes } from 'node:crypto';

const KEY_BYTES = 32;

console.log(`A new key for TokenCache:EncryptionKeys:

  ${randomBytes(KEY_BYTES).toString('base64')}

The first key of the list seals, all of them open. To change the key without signing anyone out,
take each step on every instance before the next one:

  1. Add the new key at the end of the list.
  2. Move it to the beginning.
  3. When the longest session is over (Session:AbsoluteHours, 12 hours unless set), take the old key out.

TokenCache:IndexKey names the records and has no such list: another one leaves all records behind, and everyone
signs in anew.`);
