/** Client secrets with ids and ends, and their rotation while the sandbox runs. */
import { expect } from 'chai';
import { demoApp } from '../../scripts/sandbox/sandbox-options.ts';
import { type Sandbox, startSandbox } from '../../scripts/sandbox/start-sandbox.ts';
import { TestClient } from './test-client.ts';

const first = { secretId: 'id-1', value: 'value-1', expiresAt: 2_000_000 };
const second = { secretId: 'id-2', value: 'value-2' };

describe('Sandbox client secrets', () => {
  let sandbox: Sandbox;
  let now: number;

  beforeEach(async () => {
    now = 1_000_000;
    const app = { ...demoApp, secrets: [first, second, 'plain'] };
    sandbox = await startSandbox({ apps: [app], now: () => now });
  });
  afterEach(() => sandbox.close());

  /** The AADSTS number; past client authentication, a refresh token never issued is what is wrong. */
  const ask = async (secret: string) => {
    const order = { grant_type: 'refresh_token', refresh_token: 'x', client_secret: secret };
    const { body, status } = await new TestClient(sandbox).token(order);
    return { status, error: body['error'], number: [body['error_codes']].flat()[0], body };
  };
  const accepted = 70000;
  const uses = () => sandbox.requests.map(({ credential }) => credential?.name);

  it('accepts each, and writes down which one it was by id, never by value', async () => {
    for (const value of ['value-2', 'value-1', 'plain']) {
      expect((await ask(value)).number).to.equal(accepted);
    }
    expect(uses()).to.deep.equal(['id-2', 'id-1', '#3']);
    expect(JSON.stringify(sandbox.requests)).not.to.match(/value-|plain/);
  });

  it('refuses one from the moment it expires: AADSTS7000222', async () => {
    now = 1_999_999;
    expect((await ask('value-1')).number).to.equal(accepted);
    now = 2_000_000;
    expect(await ask('value-1')).to.deep.include({ status: 401, error: 'invalid_client' });
    expect((await ask('value-1')).number).to.equal(7000222);
    expect((await ask('value-2')).number).to.equal(accepted);
    expect(uses()).to.deep.equal(['id-1', 'id-1', 'id-1', 'id-2']);
  });

  it('refuses the id of one in place of its value, and says what was mistaken', async () => {
    const { number, status, body } = await ask('id-2');
    expect([number, status]).to.deep.equal([7000215, 401]);
    expect(body['error_description']).to.contain('not the client secret ID');
    expect(uses()).to.deep.equal([undefined]);
  });

  it('knows a secret from when it is added until it is removed', async () => {
    const { credentials } = sandbox.controls;
    expect((await ask('new')).number).to.equal(7000215);
    credentials.addSecret(demoApp.clientId, { secretId: 'id-new', value: 'new' });
    expect((await ask('new')).number).to.equal(accepted);
    credentials.removeSecret(demoApp.clientId, 'id-new');
    expect((await ask('new')).number).to.equal(7000215);
    expect(() => credentials.removeSecret(demoApp.clientId, 'id-new')).to.throw('no such secret');
    expect(() => credentials.addSecret('nobody', 'x')).to.throw('no application nobody');
  });

  it('counts all as expired until all faults end', async () => {
    sandbox.controls.credentials.expireAll('secret');
    expect((await ask('value-2')).number).to.equal(7000222);
    sandbox.controls.mendAll();
    expect((await ask('value-2')).number).to.equal(accepted);
  });

  it('refuses the next good ones with the number it is told, of one name alone if told', async () => {
    sandbox.controls.credentials.refuseNext(7000277, { name: 'id-1' });
    expect((await ask('value-2')).number).to.equal(accepted);
    expect((await ask('value-1')).number).to.equal(7000277);
    expect((await ask('value-1')).number).to.equal(accepted);
    expect(() => sandbox.controls.credentials.refuseNext(65001)).to.throw(RangeError);
  });

  it('shows on the operator page which one was used', async () => {
    await ask('value-2');
    const page = await (await fetch(sandbox.operatorUrl)).text();
    expect(page).to.contain('secret id-2').and.not.to.contain('value-2');
  });
});
