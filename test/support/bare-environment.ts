/** What a process that a test starts gets of this one's environment: enough to run, and no settings. */
export function bareEnvironment(
  settings: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> {
  const { PATH, NODE_COMPILE_CACHE } = process.env;
  return { PATH, NODE_COMPILE_CACHE, ...settings };
}
