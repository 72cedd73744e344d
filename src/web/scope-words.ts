/** Says in plain words what a scope allows. */

const WORDS = new Map([
  ['user.read', 'see your profile'],
  ['user.revokesessions.all', 'end your sessions in all apps'],
  ['mail.read', 'read your mail'],
  ['mail.send', 'send mail as you'],
  ['calendars.read', 'see your calendar'],
  ['people.read', 'see the people you work with'],
  ['files.read', 'read your files'],
  ['user.readbasic.all', 'see the names of people in your organisation'],
  ['user.read.all', 'see the profiles of people in your organisation'],
  ['groupmember.read.all', 'see the groups of your organisation and who is in them'],
]);

export interface ScopeWords {
  /** As it is asked for. */
  readonly scope: string;
  /** Empty where nothing is known of it. */
  readonly meaning: string;
}

export function scopeWords(scope: string): ScopeWords {
  const permission = scope.slice(scope.lastIndexOf('/') + 1).toLowerCase();
  return { scope, meaning: WORDS.get(permission) ?? '' };
}
