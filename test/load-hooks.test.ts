/** The hook module as it is loaded at the start: what is taken, and what an operator is told. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { Misconfigured } from '../src/errors.ts';
import { loadHooks } from '../src/load-hooks.ts';
import { goodEnv } from './config/config-rig.ts';
import { caught } from './support/caught.ts';
import { aFolder, runMain } from './support/site-process.ts';

function aModule(text: string, name = 'hooks.mjs'): string {
  const path = join(aFolder(), name);
  writeFileSync(path, text);
  return path;
}

async function refusalOf(path: string, limitMs?: number): Promise<string> {
  const error = await caught(loadHooks(path, limitMs));
  if (!(error instanceof Misconfigured)) throw error;
  return error.message;
}

describe('loadHooks', () => {
  it('takes the functions that a module exports by their names', async () => {
    const path = aModule(`
      export const NOTES = 'no hook';
      export async function onSignIn() { return { roles: ['a'] }; }
      export const onSignInFailed = () => {};
    `);
    const hooks = await loadHooks(path);
    expect(Object.keys(hooks)).to.have.members(['onSignIn', 'onSignInFailed']);
    const account = { id: '1', tenantId: undefined, objectId: undefined };
    const named = { username: undefined, name: undefined, issuer: 'i', subject: 's' };
    expect(await hooks.onSignIn?.({ ...account, ...named }, {})).to.deep.equal({ roles: ['a'] });
  });

  for (const [name, text] of [
    ['hooks.ts', 'export function onSignOut(account: { id: string }): void {}'],
    ['hooks.mts', 'export const onSignOut = (kind?: string): void => {};'],
    ['hooks.js', 'export function onSignOut() {}'],
    ['hooks.cjs', 'exports.onSignOut = () => {};'],
    ['a 100% name#?.mjs', 'export function onSignOut() {}'],
  ] as const) {
    it(`takes ${name}`, async () => {
      expect(await loadHooks(aModule(text, name))).to.have.all.keys('onSignOut');
    });
  }

  it('has none where none is named', async () => {
    expect(await loadHooks(undefined)).to.deep.equal({});
  });

  for (const [what, text, problem] of [
    ['is no module', 'export function onSignIn( {', 'cannot be loaded: SyntaxError:'],
    [
      'throws at import',
      '\n\nthrow new RangeError("too few");\nexport const onSignIn = () => {};',
      'cannot be loaded: RangeError: too few (line 3). Mend it.',
    ],
    ['throws what is no error', 'throw "up";', 'cannot be loaded: it throws a string. Mend it.'],
    [
      'imports what is not there',
      'import "./none.mjs";\nexport const onSignIn = () => {};',
      'cannot be loaded: Error: Cannot find module',
    ],
    [
      'exports a hook that is no function',
      'export const onSignIn = { refuse: "x" };',
      'exports onSignIn as object. Make it a function.',
    ],
    [
      'exports a hook that is undefined',
      'export const onSignOut = undefined;',
      'exports onSignOut as undefined. Make it a function.',
    ],
    [
      'exports an unknown hook',
      'export const onSignIn = () => {};\nexport const onRefresh = () => {};',
      'exports onRefresh, which is no hook. Known are onSignIn, onSignOut, onSignInFailed.',
    ],
    [
      'misspells a hook',
      'export const onSignin = () => {};',
      'exports onSignin, which is no hook. Did you mean onSignIn?',
    ],
    [
      'misspells a hook at its beginning',
      'export const OnSignout = () => {};',
      'Did you mean onSignOut?',
    ],
    [
      'exports its hooks as one default',
      'export default { onSignIn() {} };',
      'exports no hook. Export functions by these names, not as one default: onSignIn, onSignOut, onSignInFailed.',
    ],
    ['exports nothing', '', 'exports no hook.'],
  ] as const) {
    it(`refuses a module that ${what}`, async () => {
      const path = aModule(text);
      const message = await refusalOf(path);
      expect(message).to.include(`Site:Hooks: the module ${path} `).and.include(problem);
    });
  }

  it('refuses a module that is not there', async () => {
    const path = join(aFolder(), 'none.mjs');
    expect(await refusalOf(path))
      .to.include(path)
      .and.include('cannot be loaded');
  });

  it('does not wait for ever for a module to load', async () => {
    const path = aModule('await new Promise(() => {});\nexport const onSignIn = () => {};');
    expect(await refusalOf(path, 50)).to.include('has not finished loading after 0.05 s');
  });
});

describe('A site with a hook module that is no good', () => {
  it('does not start, and says why without a stack', async () => {
    const path = aModule('throw new Error("no directory");');
    const { status, output } = await runMain({ ...goodEnv, Site__Hooks: path });
    expect(status).to.equal(1);
    expect(output)
      .to.include(`Site:Hooks: the module ${path} cannot be loaded: Error: no directory (line 1)`)
      .and.not.match(/^\s+at /m);
  });

  it('is not run by --check, which says where it is', async () => {
    const path = aModule('throw new Error("run");');
    const { status, output } = await runMain({ ...goodEnv, Site__Hooks: path }, ['--check']);
    expect(status, output).to.equal(0);
    expect(output).to.include(`"Hooks": "${path}"`);
  });
});
