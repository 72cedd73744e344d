/** The shapes of fields in Graph's answers, which are left out or null where nothing is known. */
import { z } from 'zod';

export const optionalText = z
  .string()
  .nullish()
  .transform((text) => text ?? undefined);

export const optionalFlag = z
  .boolean()
  .nullish()
  .transform((flag) => flag ?? false);

/** A page links to it, so nothing but https passes. */
export const optionalLink = optionalText.transform((text) =>
  text !== undefined && URL.parse(text)?.protocol === 'https:' ? text : undefined,
);

/** A name with an address, as mail and calendars have them; absent where there is none. */
export const optionalMailbox = z
  .object({ emailAddress: z.object({ name: optionalText, address: optionalText }) })
  .nullish()
  .transform((mailbox) => mailbox?.emailAddress);
