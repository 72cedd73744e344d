/** Checks a message that a person wrote, and says in words what is wrong with it. */
import { z } from 'zod';

/** As they were written. */
export interface MailForm {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

/** In characters; recipients in number. */
export const MAIL_LIMITS = { recipients: 10, to: 1000, subject: 200, text: 4000 } as const;

const address = z.email().max(254);

/** The addresses in a field, however they are set apart. */
export function recipientsOf(to: string): readonly string[] {
  return [...new Set(to.split(/[\s,;]+/).filter(Boolean))];
}

/** What is wrong, by field; nothing when it can be sent. */
export function faultsOf({ to, subject, text }: MailForm): Partial<MailForm> {
  const recipients = recipientsOf(to);
  const odd = recipients.find((each) => !address.safeParse(each).success);
  const toFault =
    recipients.length === 0
      ? 'Say whom it is for.'
      : recipients.length > MAIL_LIMITS.recipients || to.length > MAIL_LIMITS.to
        ? `Send it to ${MAIL_LIMITS.recipients} people at most.`
        : odd !== undefined && `“${odd.slice(0, 100)}” is no mail address.`;
  const subjectFault =
    subject.trim() === ''
      ? 'Give it a subject.'
      : subject.length > MAIL_LIMITS.subject
        ? `The subject is longer than ${MAIL_LIMITS.subject} characters.`
        : /\p{Cc}/u.test(subject) && 'The subject holds more than one line.';
  const textFault =
    text.trim() === ''
      ? 'Write something.'
      : text.length > MAIL_LIMITS.text &&
        `The message has ${text.length} characters; ${MAIL_LIMITS.text} can be sent.`;
  return {
    ...(toFault && { to: toFault }),
    ...(subjectFault && { subject: subjectFault }),
    ...(textFault && { text: textFault }),
  };
}
