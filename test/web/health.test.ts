/** What those who watch the site are told of its store. */
import { expect } from 'chai';
import { StoreUnavailable } from '../../src/storage/store-unavailable.ts';
import { aWeb } from './a-web.ts';

describe('Health', () => {
  for (const state of ['readonly', 'full', 'refused', 'down'] as const) {
    it(`is not ready while the store is ${state}, and says so`, async () => {
      const web = await aWeb();
      web.store.isDown = true;
      web.store.failure = new StoreUnavailable(state);
      const answer = await web.aBrowser().fetch('/health/ready');
      await web.close();
      expect(answer.status).to.equal(503);
      expect(answer.json()).to.include({ status: 'unavailable', store: state, authority: 'up' });
    });
  }

  it('tells of each credential what it is and how long it lasts, and not what is wrong with it', async () => {
    const web = await aWeb();
    const day = 24 * 3_600_000;
    const about = {
      problem: '/etc/secret/place',
      fix: 'Mend it.',
      refusals: 3,
      thumbprint: 'AB12',
    };
    web.authority.credentials = {
      inUse: 'AzureAd:ClientSecret',
      status: [
        {
          ...{ key: 'AzureAd:ClientCredentials:0', sourceType: 'Path', state: 'refused', ...about },
          expiresAt: web.clock.now + 9.5 * day,
        },
        {
          ...{ key: 'AzureAd:ClientSecret', sourceType: 'ClientSecret', state: 'usable' },
          ...{ ...about, problem: undefined, fix: undefined, thumbprint: undefined },
          expiresAt: undefined,
        },
      ],
    };
    const answer = await web.aBrowser().fetch('/health/ready');
    await web.close();
    expect(answer.status, 'people who are signed in go on').to.equal(200);
    const { credentials } = answer.json();
    expect(credentials).to.not.have.nested.property('[1].warning');
    expect(credentials).to.deep.include({
      ...{ credential: 'AzureAd:ClientSecret', sourceType: 'ClientSecret', state: 'in_use' },
    });
    expect(credentials).to.have.nested.property('[0].daysLeft', 9);
    expect(credentials).to.have.nested.property('[0].state', 'refused');
    expect(answer.text).to.not.contain('place');
  });

  it('warns of a credential that expires within 30 days, though all is well with it', async () => {
    const web = await aWeb();
    const day = 24 * 3_600_000;
    const about = { problem: undefined, fix: undefined, refusals: 0, thumbprint: 'AB12' };
    web.authority.credentials = {
      inUse: undefined,
      status: [29.9, 30.1].map((days) => ({
        ...{ key: `AzureAd:${days}`, sourceType: 'Path', state: 'usable', ...about },
        expiresAt: web.clock.now + days * day,
      })),
    };
    const answer = await web.aBrowser().fetch('/health/ready');
    await web.close();
    const { credentials } = answer.json();
    expect(credentials).to.have.nested.property('[0].daysLeft', 29);
    expect(credentials).to.have.nested.property('[0].warning', true);
    expect(credentials).to.have.nested.property('[1].daysLeft', 30);
    expect(credentials).to.not.have.nested.property('[1].warning');
  });
});
