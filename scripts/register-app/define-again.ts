/** A function of the shell that runs a command again while Entra ID does not find what it has just made. */

/** What az says then; each means that nothing was done, so that nothing is made twice. */
const NOT_THERE_YET = [
  ...['not ?found', 'does not exist', 'doesn.t exist'],
  ...['does not reference a valid', 'must in the local tenant'],
].join('|');

/** `again <command …>`: its own output and status; ten attempts, three seconds apart. */
export function defineAgain(): readonly string[] {
  return [
    '# What was made a moment ago, Entra ID may not find in all places at once: then it is asked again.',
    'again() (',
    '  exec 3>&1',
    '  for LEFT in 9 8 7 6 5 4 3 2 1 0; do',
    '    STATUS=0',
    '    ERRORS=$("$@" 2>&1 >&3) || STATUS=$?',
    '    [ "$STATUS" -ne 0 ] && [ "$LEFT" -gt 0 ] &&',
    `      printf '%s\\n' "$ERRORS" | grep -Eiq '${NOT_THERE_YET}' || break`,
    '    sleep 3',
    '  done',
    `  [ -z "$ERRORS" ] || printf '%s\\n' "$ERRORS" >&2`,
    '  exit "$STATUS"',
    ')',
  ];
}
