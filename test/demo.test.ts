/** The demo command: starts both, says where to go, stops both, and explains busy ports. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';

const script = join(import.meta.dirname, '..', 'scripts', 'demo.ts');

async function openPort(): Promise<{ port: number; close: () => Promise<void> }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    port: address.port,
    close: async () => {
      server.close();
      await once(server, 'close');
    },
  };
}

async function freePort(): Promise<number> {
  const { port, close } = await openPort();
  await close();
  return port;
}

interface Demo {
  readonly child: ChildProcess;
  /** What it has printed so far, on both streams. */
  said(): string;
}

function startDemo(state: string, site: number, sandbox: number): Demo {
  const child = spawn(process.execPath, [script], {
    env: {
      ...process.env,
      DEMO_STATE: state,
      SITE_PORT: String(site),
      SANDBOX_PORT: String(sandbox),
    },
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
  }
  return { child, said: () => text };
}

/** Waits until the demo has printed `words`. */
async function until({ child, said }: Demo, words: string): Promise<void> {
  while (!said().includes(words)) {
    if (child.exitCode !== null) throw new Error(`The demo ended: ${said()}`);
    await Promise.race([once(child.stdout ?? child, 'data'), once(child, 'exit')]);
  }
}

const isRefused = (url: string): Promise<boolean> =>
  fetch(url).then(
    () => false,
    () => true,
  );

describe('npm run demo', function () {
  this.timeout(40_000);

  let state: string;
  before(() => {
    state = mkdtempSync(join(tmpdir(), 'demo-'));
  });
  after(() => rmSync(state, { recursive: true }));

  it('starts both, names the people, stops both at Ctrl-C, and does so again', async () => {
    const [site, sandbox] = [await freePort(), await freePort()];
    for (const round of ['first', 'second']) {
      const demo = startDemo(state, site, sandbox);
      await until(demo, 'Ctrl-C');
      expect(demo.said(), round).to.contain(`Open http://localhost:${site}/`);
      expect(demo.said()).to.contain('ada@contoso.example');
      expect((await fetch(`http://127.0.0.1:${site}/health/live`)).status).to.equal(200);
      const operator = await fetch(`http://127.0.0.1:${sandbox}/operator`);
      expect(operator.status).to.equal(200);
      demo.child.kill('SIGINT');
      const [code] = await once(demo.child, 'exit');
      expect(code).to.equal(0);
      expect(await isRefused(`http://127.0.0.1:${site}/health/live`)).to.equal(true);
      expect(await isRefused(`http://127.0.0.1:${sandbox}/operator`)).to.equal(true);
    }
  });

  for (const what of ['site', 'sandbox'] as const) {
    it(`says that the port of the ${what} is busy, and how to choose another`, async () => {
      const busy = await openPort();
      const other = await freePort();
      const ports = what === 'site' ? ([busy.port, other] as const) : ([other, busy.port] as const);
      const { child, said } = startDemo(state, ...ports);
      const [code] = await once(child, 'exit');
      await busy.close();
      expect(code).to.equal(1);
      expect(said()).to.contain(`Port ${busy.port}, for the ${what}, is busy`);
      expect(said()).to.contain(`--${what}-port`).and.to.contain(`${what.toUpperCase()}_PORT=`);
    });
  }
});
