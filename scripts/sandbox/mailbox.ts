/** The mail and the calendar of each demo person, the same every time but for the dates. */
import { createHash } from 'node:crypto';
import { homeTenant, type User } from './directory.ts';

const workMail = [
  [
    'Priya Placeholder',
    'Delivery slots for week 48',
    'The carrier has offered us three slots. Tuesday morning would suit the depot best; can you confirm by noon?',
  ],
  [
    'Facilities',
    'Lift maintenance on Thursday',
    'The east lift will be out of service from 08:00 to 13:00. Please use the west entrance for goods.',
  ],
  [
    'Tomas Testperson',
    'Re: Figures for the October report',
    'Thanks, these add up now. I have moved the returns to their own line so that the total is easier to read.',
  ],
  [
    'Travel desk',
    'Your booking to Cork is confirmed',
    'Outbound Monday 07:40, return Wednesday 18:15. Your seat numbers are in the attached itinerary.',
  ],
  [
    'Ines Invented',
    'Draft of the supplier agreement',
    'I have marked the two clauses that changed since last year. Most of it is the notice period.',
  ],
  [
    'IT service desk',
    'Ticket closed: monitor flickers',
    'We replaced the cable and the flicker is gone. Reply to this message if it comes back.',
  ],
  [
    'Priya Placeholder',
    'Photos from the warehouse visit',
    'A few pictures of the new racking. The aisle is wide enough for two trolleys after all.',
  ],
  [
    'Learning team',
    'Two places left: writing clear procedures',
    'A half-day workshop on the 21st. Bring one procedure that nobody follows.',
  ],
  [
    'Oskar Nobody',
    'Can we move our one-to-one?',
    'I am with the auditors until three. Would half past three still work for you?',
  ],
  [
    'Payroll',
    'Your November payslip is ready',
    'You can read it in the staff portal. There is nothing you need to do.',
  ],
  [
    'Hanna Hypothetical',
    'Label printer in bay 4',
    'It prints every second label twice. I have put a note on it until the engineer comes.',
  ],
  [
    'Tomas Testperson',
    'Minutes: planning meeting',
    'Decisions at the top, open points below. Yours is the one about pallet heights.',
  ],
  [
    'Security awareness',
    'What we learned from the phishing drill',
    'Four in five reported the message within ten minutes. Here is what gave it away.',
  ],
  [
    'Canteen',
    'Menu for next week',
    'Leek and potato soup on Monday, and the curry you asked for on Thursday.',
  ],
  [
    'Ines Invented',
    'Question about clause 7',
    'Do we want thirty days or sixty? Legal is happy with either if it is the same throughout.',
  ],
] as const;

const personalMail = [
  [
    'Riverside Library',
    'Your reservation is ready to collect',
    'We are holding “A Short History of Maps” for you until Saturday at the front desk.',
  ],
  [
    'Made-up Electricity',
    'Your statement for October',
    'You used 7 % less than last October. The statement is attached for your records.',
  ],
  [
    'Aunt Imaginary',
    'Sunday lunch?',
    'We will be eight if you come. Bring the photographs and nothing else, please.',
  ],
  [
    'Bicycle Repairs',
    'Your bicycle is ready',
    'New chain and brake blocks fitted. We are open until six on weekdays.',
  ],
  [
    'Choir',
    'Rehearsal moved to Wednesday',
    'The hall is taken on Tuesday, so we meet on Wednesday at the usual time.',
  ],
  [
    'Garden Centre',
    'Bulbs still to plant this month',
    'Tulips like it cold. Put them in deeper than you think.',
  ],
] as const;

const hourMs = 3_600_000;
const total = 24;

const idOf = (user: User, what: string): string =>
  createHash('sha256').update(`${user.id} ${what}`).digest('base64url');

const isoSeconds = (at: number): string => `${new Date(at).toISOString().slice(0, 19)}Z`;

function address(name: string, domain: string) {
  const local = name.toLowerCase().replaceAll(/[^a-z]+/g, '.');
  return { emailAddress: { name, address: `${local}@${domain}` } };
}

/** 24 messages, newest first, the newest few unread. */
export function messagesOf(user: User, now: number) {
  const personal = homeTenant(user).kind === 'personal';
  const source = personal ? personalMail : workMail;
  const domain = personal ? 'personal.example' : homeTenant(user).domain;
  const top = Math.floor(now / hourMs) * hourMs;
  return Array.from({ length: total }, (_, index) => {
    const [sender, subject, preview] = source[(index + user.hue) % source.length] ?? source[0];
    const receivedAt = top - index * 5.3 * hourMs - (user.hue % 50) * 60_000;
    const id = idOf(user, `message ${index}`);
    const reply = index >= source.length && !subject.startsWith('Re: ');
    return {
      '@odata.etag': `W/"${id.slice(0, 12)}"`,
      id,
      receivedDateTime: isoSeconds(receivedAt),
      sentDateTime: isoSeconds(receivedAt - 4000),
      hasAttachments: /attach|pictures/i.test(preview),
      subject: reply ? `Re: ${subject}` : subject,
      bodyPreview: preview,
      importance: index % 9 === 1 ? 'high' : 'normal',
      isRead: index > 3 && index % 7 !== 0,
      isDraft: false,
      from: address(sender, domain),
      sender: address(sender, domain),
      toRecipients: [{ emailAddress: { name: user.name, address: user.username } }],
    };
  });
}

const meetings = [
  ['Stand-up', 9, 0.25, 'Online'],
  ['Planning: week ahead', 11, 1, 'Room Severn'],
  ['Supplier call', 14, 0.5, 'Online'],
  ['One-to-one with Oskar Nobody', 15.5, 0.5, 'Room Avon'],
  ['Walk round the depot', 10, 1.5, 'Depot, gate 2'],
  ['Quiet time', 13, 2, ''],
] as const;

/** Six meetings, from today on, one a day. */
export function eventsOf(user: User, now: number) {
  const midnight = Math.floor(now / (24 * hourMs)) * 24 * hourMs;
  return meetings.map(([subject, hour, hours, location], index) => {
    const start = midnight + (index * 24 + hour) * hourMs;
    const at = (time: number) => ({
      dateTime: `${isoSeconds(time).slice(0, 19)}.0000000`,
      timeZone: 'UTC',
    });
    return {
      id: idOf(user, `event ${index}`),
      subject,
      start: at(start),
      end: at(start + hours * hourMs),
      location: { displayName: location },
      isAllDay: false,
      isCancelled: false,
      organizer: { emailAddress: { name: user.name, address: user.username } },
    };
  });
}
