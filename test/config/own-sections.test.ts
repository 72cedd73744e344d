/** The site's own sections: Site, TokenCache and Session. */
import { expect } from 'chai';
import { aKey, faultsWith, loadWith } from './config-rig.ts';

describe('The site’s own sections', () => {
  it('are read', () => {
    const { settings } = loadWith({
      Site: {
        PublicUrl: 'https://your.site/',
        Port: '8080',
        TrustProxy: 'True',
        SignInScopes: ['openid', 'Mail.Read'],
      },
      'TokenCache:Store': 'rediss://:pw@cache.example:6380/1',
      'TokenCache:InstanceName': 'Our:App',
      Session: { IdleMinutes: 5, AbsoluteHours: 1 },
    });
    expect(settings.site).to.deep.equal({
      publicUrl: new URL('https://your.site'),
      port: 8080,
      trustProxy: true,
      signInScopes: ['Mail.Read'],
      hooks: undefined,
      metricsPort: undefined,
      secure: true,
    });
    expect(settings.tokenCache).to.deep.include({
      store: 'rediss://:pw@cache.example:6380/1',
      instanceName: 'Our:App',
    });
    expect(settings.session).to.include({ idleMinutes: 5, absoluteHours: 1 });
    expect(loadWith({ 'Session:AccountContext': 'C7' }).settings.session.accountContext).to.equal(
      'c7',
    );
    for (const odd of ['c0', 'c100', 'mfa']) {
      const [fault] = faultsWith({ 'Session:AccountContext': odd });
      expect(fault?.problem, odd).to.equal('is no authentication context');
    }
  });

  it('may ask for nothing at sign-in, by an empty text or list', () => {
    for (const none of ['', []]) {
      const { settings } = loadWith({ 'Site:SignInScopes': none });
      expect(settings.site.signInScopes).to.deep.equal([]);
    }
    expect(loadWith({ 'Site:SignInScopes': null }).settings.site.signInScopes).to.have.length(1);
  });

  it('name a module of hooks, from where the site is started', () => {
    const files = { 'config/hooks.mjs': 'throw new Error("run");' };
    const { settings } = loadWith({ 'Site:Hooks': './config/hooks.mjs' }, { files });
    expect(settings.site.hooks).to.match(/^\/.*\/config\/hooks\.mjs$/);
    expect(loadWith({ 'Site:Hooks': '' }).settings.site.hooks).to.equal(undefined);
  });

  it('may listen on any free port', () => {
    expect(loadWith({ 'Site:Port': 0 }).settings.site.port).to.equal(0);
  });

  it('take each kind of store', () => {
    for (const store of [
      ...['memory:', 'sqlite:concierge.sqlite', 'sqlite:/var/lib/concierge.sqlite'],
      ...['sqlite:./a.db', 'redis://127.0.0.1:6379', 'rediss://cache.example'],
      ...['redis-cluster://me:pw@a:7000,b:7000', 'rediss-sentinel://a,b:26380/primary/1'],
      'valkeys://cache.example',
      ...['postgres://me:pw@db.example/concierge', 'postgresql://me@db.example:5433/concierge'],
      'mysql://me:pw@db.example/concierge?ssl-mode=VERIFY_IDENTITY',
      ...[
        'etcd://me:pw@127.0.0.1:2379',
        'etcds://etcd.example',
        'memcached://cache.example',
        'mongodb://db.example',
      ],
      ...['mongodb://me:p%40@a.example:1,b.example:2/db?w=1', 'mongodb+srv://me:pw@db.example/db'],
    ]) {
      expect(loadWith({ 'TokenCache:Store': store }).settings.tokenCache.store).to.equal(store);
    }
  });

  for (const [key, value, problem, fix = ''] of [
    ['Site:PublicUrl', 'http://your.site', 'plain http'],
    ['Site:PublicUrl', 'https://your.site/app', 'has a path'],
    ['Site:PublicUrl', 'https://your.site/?a', 'has a query'],
    ['Site:PublicUrl', 'https://your.site/#a', 'has a fragment'],
    ['Site:PublicUrl', 'https://me:pw@your.site', 'holds a user name or password'],
    ['Site:PublicUrl', 'your.site', 'is not a URL'],
    ['Site:Port', 65_536, 'is 65536', 'from 0 to 65535'],
    ['Site:Port', -1, 'is -1'],
    ['Site:Port', 1.5, 'is 1.5'],
    ['Site:Port', 'http', 'holds a text'],
    ['Site:Port', true, 'holds true'],
    ['Site:TrustProxy', 'maybe', 'holds a text'],
    ['Site:SignInScopes', 'a,b', 'holds a comma'],
    ['Site:Hooks', 'none.ts', 'names a file that does not exist: /', 'Correct the path.'],
    ['Site:Hooks', '.', 'cannot be read (EISDIR)'],
    ['Site:PublicURI', 'https://your.site', 'is not a key', 'Did you mean PublicUrl?'],
    ['Site:Colour', 'blue', 'is not a key', 'Known are PublicUrl, Port'],
    ['TokenCache:Store', 'oracle://u@h/db', 'none of memory, sqlite, redis, rediss'],
    ['TokenCache:Store', 'postgress://h', 'none of memory', 'Did you mean postgres:?'],
    ['TokenCache:Store', 'reddis://h', 'none of memory', 'Did you mean redis:?'],
    ['TokenCache:Store', 'MEMORY:', 'none of memory', 'Did you mean memory:?'],
    ['TokenCache:Store', 'memory', 'none of memory', 'Did you mean memory:?'],
    ['TokenCache:Store', 'memory:x', 'says more'],
    ['TokenCache:Store', 'sqlite:', 'names no file'],
    ['TokenCache:Store', 'sqlite:///', 'names no file'],
    ['TokenCache:Store', 'redis:', 'names no host'],
    ['TokenCache:Store', 'redis://a,b', 'more than fits', '<port>/<database number>'],
    ['TokenCache:Store', 'redis-cluster://a/1', 'more than fits', 'like redis-cluster://<user>'],
    ['TokenCache:Store', 'rediss-sentinel://a', 'names no host', '/<name of the primary>/'],
    ['TokenCache:Store', 'redis-sentinal://a', 'none of', 'Did you mean redis-sentinel:?'],
    ['TokenCache:Store', 'etcd:', 'names no host', 'like etcd://127.0.0.1:2379'],
    ['TokenCache:Store', 'memcached:///', 'names no host', 'like memcached://127.0.0.1:11211'],
    ['TokenCache:Store', 'mongodb:', 'names no host', 'like mongodb://<user>:<password>@<host>/'],
    ['TokenCache:Store', 'mongodb+srv://me:pw@/db', 'names no host', 'like mongodb+srv://<user>'],
    ['TokenCache:Store', 'memcache://h', 'none of memory', 'Did you mean memcached:?'],
    ['TokenCache:Store', 'postgres:///db', 'names no host', 'like postgres://<user>:<password>@'],
    ['TokenCache:Store', 'mysql:///db', 'names no host', 'like mysql://<user>:<password>@'],
    ['TokenCache:SchemaName', 'tokens', 'the store has no tables', 'Delete it'],
    ['TokenCache:TableName', 'tokens', 'the store has no tables'],
    ['TokenCache:InstanceName', 'a{b}', 'is not fit'],
    ['TokenCache:InstanceName', 'x'.repeat(65), 'is not fit'],
    ['TokenCache:EncryptionKeys', ['not-base-64!'], 'is not base64', 'openssl rand'],
    ['TokenCache:EncryptionKeys', Buffer.alloc(16).toString('base64'), 'is 16 bytes long, not 32'],
    ['TokenCache:EncryptionKeys', [aKey(1), aKey(1)], 'the same key twice'],
    ['TokenCache:EncryptionKeys', { a: aKey() }, 'holds an object'],
    ['TokenCache:IndexKey', Buffer.alloc(33).toString('base64'), 'is 33 bytes long, not 32'],
    ['TokenCache:IndexKey', [aKey(1), aKey(2)], 'more than one key'],
    ['TokenCache:EncryptionKeys', [''], 'holds an empty text', 'openssl rand'],
    ['TokenCache:IndexKey', [''], 'holds an empty text'],
    ['TokenCache:IndexKy', aKey(), 'is not a key', 'Did you mean IndexKey?'],
    ['Session:IdleMinutes', 0, 'is 0', 'from 1 to'],
    ['Session:IdleMinutes', 721, 'is longer than AbsoluteHours'],
    ['Session:AbsoluteHours', 10_000, 'is 10000'],
    ['Session:Minutes', 1, 'is not a key'],
  ] as const) {
    it(`refuse ${key} ${JSON.stringify(value).slice(0, 50)}: ${problem}`, () => {
      const faults = faultsWith({ [key]: value });
      expect(faults.map((fault) => fault.key)).to.deep.equal([key]);
      expect(faults[0]?.problem).to.contain(problem);
      expect(faults[0]?.fix).to.contain(fix);
    });
  }

  it('place the records of a database', () => {
    const tokenCache = (store: string) =>
      loadWith({
        'TokenCache:Store': store,
        'TokenCache:SchemaName': 'web',
        'TokenCache:TableName': '_Tokens_2',
      }).settings.tokenCache;
    for (const store of ['postgres://h/db', 'postgresql://h/db', 'mysql://h/db']) {
      expect(tokenCache(store)).to.deep.include({ schemaName: 'web', tableName: '_Tokens_2' });
    }
  });

  for (const name of ['a.b', 'a b', '"a"', '1a', 'a;--', 'ä', 'x'.repeat(49)]) {
    it(`refuse the table name ${name}`, () => {
      for (const key of ['TokenCache:SchemaName', 'TokenCache:TableName']) {
        const faults = faultsWith({ 'TokenCache:Store': 'mysql://h/db', [key]: name });
        expect(faults.map((fault) => fault.key)).to.deep.equal([key]);
        expect(faults[0]?.problem).to.equal('is no plain name');
      }
    });
  }

  it('name the one of several keys that is wrong', () => {
    const faults = faultsWith({ 'TokenCache:EncryptionKeys': [aKey(1), 'c2hvcnQ='] });
    expect(faults.map(({ key }) => key)).to.deep.equal(['TokenCache:EncryptionKeys:1']);
  });

  it('shorten the idle time to a short absolute one', () => {
    const { settings } = loadWith({ 'Session:AbsoluteHours': 1 });
    expect(settings.session).to.include({ idleMinutes: 60, absoluteHours: 1 });
  });
});
