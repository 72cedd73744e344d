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
});
