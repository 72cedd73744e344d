/** Scopes as they are asked for, made from what is kept of them. */
import { expect } from 'chai';
import type { DownstreamApi } from '../../src/config/settings.ts';
import { scopeSpelling } from '../../src/web/scope-spelling.ts';
import { GRAPH, LISTS } from './a-web.ts';

const spelling = (downstreamApis: readonly DownstreamApi[], signInScopes: readonly string[] = []) =>
  scopeSpelling({ site: { signInScopes }, downstreamApis });

describe('A kept scope', () => {
  it('is written as in the settings of its API, its gateway or the sign-in', () => {
    const spell = spelling([GRAPH, LISTS], ['openid', 'Calendars.Read']);
    expect(spell('', 'user.read')).to.equal('User.Read');
    expect(spell('', 'mail.read')).to.equal('Mail.Read');
    expect(spell('', 'calendars.read')).to.equal('Calendars.Read');
    expect(spell('api://todos', 'todos.read')).to.equal('api://todos/Todos.Read');
  });

  it('that no setting names has the prefix of its resource, as the settings write it', () => {
    const scopes = ['https://Graph.Microsoft.us/User.Read'];
    const spell = spelling([
      { ...GRAPH, scopes },
      { ...LISTS, scopes: ['API://Todos/A.B'] },
    ]);
    expect(spell('', 'files.read')).to.equal('https://Graph.Microsoft.us/files.read');
    expect(spell('api://todos', 'todos.write')).to.equal('API://Todos/todos.write');
  });

  it('of a resource that no setting names is written with it', () => {
    const spell = spelling([]);
    expect(spell('', 'user.read')).to.equal('user.read');
    expect(spell('api://other', '.default')).to.equal('api://other/.default');
  });
});
