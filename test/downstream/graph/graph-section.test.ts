/** The section of Microsoft Graph, in every cloud. */
import { expect } from 'chai';
import { apiUrl } from '../../../src/downstream/api-url.ts';
import { findGraph, graphScopes } from '../../../src/downstream/graph/graph-section.ts';
import { nextPage } from '../../../src/downstream/graph/next-page.ts';
import { ApiFailed } from '../../../src/errors.ts';
import { anApi } from '../api-rig.ts';

const url = new URL('https://graph.example');

describe('findGraph', () => {
  it('gives the first section whose name begins with Graph, in any case', () => {
    const names = ['ToDo', 'MyGraph', 'GRAPHBeta', 'Graph'];
    expect(findGraph(names.map((name) => anApi(url, { name })))?.name).to.equal('GRAPHBeta');
    expect(findGraph([anApi(url, { name: 'ToDo' })])).to.equal(undefined);
  });
});

describe('graphScopes', () => {
  const scopesWith = (...scopes: string[]) => graphScopes(anApi(url, { scopes }), 'Mail.Read');

  it('writes a permission with the prefix that the section uses', () => {
    expect(scopesWith('user.read')).to.deep.equal(['Mail.Read']);
    expect(scopesWith()).to.deep.equal(['Mail.Read']);
    expect(scopesWith('openid', 'https://graph.microsoft.com/User.Read')).to.deep.equal([
      'https://graph.microsoft.com/Mail.Read',
    ]);
    expect(scopesWith('api://graph/tenant//User.Read')).to.deep.equal([
      'api://graph/tenant//Mail.Read',
    ]);
  });

  it('does not mix a permission with .default', () => {
    const everything = 'https://graph.microsoft.com/.default';
    expect(scopesWith(everything)).to.deep.equal([everything]);
    expect(scopesWith('.default')).to.deep.equal(['.default']);
  });
});

describe('Graph of a national cloud', () => {
  for (const host of [
    'graph.microsoft.us',
    'dod-graph.microsoft.us',
    'microsoftgraph.chinacloudapi.cn',
  ]) {
    it(`is called at ${host}, for scopes of that host, and its pages lead nowhere else`, () => {
      const baseUrl = new URL(`https://${host}/v1.0`);
      const api = anApi(baseUrl, { scopes: [`https://${host}/User.Read`] });
      expect(apiUrl(api, '/me/messages', { $top: '5' }).href).to.equal(
        `https://${host}/v1.0/me/messages?%24top=5`,
      );
      expect(graphScopes(api, 'Calendars.Read')).to.deep.equal([`https://${host}/Calendars.Read`]);
      const start = { by: '$skip', value: '10' };
      expect(nextPage(api, `https://${host}/v1.0/me/messages?$skip=10`)).to.deep.equal(start);
      const other = 'https://graph.microsoft.com/v1.0/me/messages?$skip=10';
      expect(() => nextPage(api, other)).to.throw(ApiFailed);
    });
  }
});
