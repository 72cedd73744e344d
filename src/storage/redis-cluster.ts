/** The primaries of a Redis Cluster: each request goes to the one that has the name's slot. */
import type { Log } from '../log.ts';
import { atMost } from '../at-most.ts';
import { connectAndAsk, type RedisClient, type RedisClients } from './redis-client.ts';
import {
  type ClusterView,
  firstSound,
  readClusterView,
  readRedirection,
} from './redis-cluster-view.ts';
import { NotConnected } from './redis-failure.ts';
import { RedisLog } from './redis-log.ts';
import { RedisNode } from './redis-node.ts';
import type { RedisServers } from './redis-servers.ts';
import { slotOf } from './redis-slot.ts';
import type { RedisUri } from './redis-uri.ts';

/** A primary that steps down need not break its connections: so the servers are asked this often. */
const LOOK_MS = 1000;
/** While none of them could tell yet. */
const FIRST_LOOK_MS = 250;
/** How long a request may take to be sent on, and waits for a connection to where it is sent on to. */
const FOLLOW_MS = 300;
const MAX_REDIRECTIONS = 5;
/** A server that has no slots any more is left so much later: answers may be under way. */
const LEAVE_MS = 1500;

/**
 * The servers of the URI are where it begins to ask, and need not be all of them, nor primaries. A
 * request for a slot whose primary is away fails at once; those for others go on.
 */
export class RedisCluster implements RedisServers {
  readonly #uri: RedisUri;
  readonly #clients: RedisClients;
  readonly #log: Log;
  readonly #said: RedisLog;
  /** Primaries by `<host>:<port>`. */
  readonly #nodes = new Map<string, RedisNode>();
  readonly #leaving = new Set<RedisNode>();
  #primaries: readonly (string | undefined)[] = [];
  readonly #opened = Promise.withResolvers<void>();
  #looking: Promise<void> | undefined;
  #next: NodeJS.Timeout | undefined;
  #looks = 0;
  #closed = false;

  constructor(uri: RedisUri, clients: RedisClients, log: Log) {
    this.#uri = uri;
    this.#clients = clients;
    this.#log = log;
    this.#said = new RedisLog(log, uri.label);
  }

  async open(): Promise<void> {
    await this.#look();
    await this.#opened.promise;
  }

  assertReady(): void {
    if (!this.#all().some(({ isReady }) => isReady)) throw new NotConnected('not connected');
  }

  async run<T>(name: string, work: (client: RedisClient) => Promise<T>): Promise<T> {
    const slot = slotOf(name);
    const begun = performance.now();
    let host = this.#primaryOf(slot);
    let send = work;
    for (let redirections = 0; ; redirections += 1) {
      const { client } = this.#nodeAt(host);
      try {
        return await send(client);
      } catch (error) {
        const to = readRedirection(error, host);
        if (!to || redirections === MAX_REDIRECTIONS) throw error;
        if (to.code === 'MOVED') this.#learn(slot, to.host);
        if (performance.now() - begun > FOLLOW_MS) throw new NotConnected('sent on too late');
        send = to.code === 'MOVED' ? work : (target) => askFirst(target, work);
        host = to.host;
        await atMost(FOLLOW_MS, this.#nodeAt(host).open());
      }
    }
  }

  async getNear(name: string): Promise<string | undefined> {
    const host = this.#primaryOf(slotOf(name));
    try {
      return await this.#nodeAt(host).getNear(name);
    } catch (error) {
      // The slot is elsewhere by now, which `run` learns.
      if (!readRedirection(error, host)) throw error;
      return await this.run(name, async (client) => (await client.get(name)) ?? undefined);
    }
  }

  forgetNear(name: string): void {
    for (const node of this.#all()) node.forgetNear(name);
  }

  clients(): readonly RedisClient[] {
    const hosts = new Set(this.#primaries);
    if (hosts.size === 0 || hosts.has(undefined)) throw new NotConnected('not connected');
    return [...hosts].flatMap((host) => (host === undefined ? [] : [this.#nodeAt(host).client]));
  }

  renew(): void {
    this.#look().catch(() => undefined);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#next);
    this.#opened.resolve();
    for (const node of this.#all()) node.close();
  }

  #all(): RedisNode[] {
    return [...this.#nodes.values(), ...this.#leaving];
  }

  #primaryOf(slot: number): string {
    const host = this.#primaries[slot];
    if (host === undefined) throw new NotConnected('nobody has this slot');
    return host;
  }

  #nodeAt(host: string): RedisNode {
    const known = this.#nodes.get(host);
    if (known) return known;
    const { urlOf, labelOf } = this.#uri;
    const node = new RedisNode({
      locate: async () => urlOf(host),
      clients: this.#clients,
      onLost: () => this.renew(),
      label: labelOf(host),
      log: this.#log,
    });
    this.#nodes.set(host, node);
    // Never rejects.
    if (!this.#closed) node.open().catch(() => undefined);
    return node;
  }

  #learn(slot: number, host: string): void {
    this.#primaries = this.#primaries.with(slot, host);
    this.renew();
  }

  /** Asks who has which slot; resolves however that ends, and it is asked again a while later. */
  #look(): Promise<void> {
    this.#looking ??= this.#see().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #see(): Promise<void> {
    clearTimeout(this.#next);
    try {
      const { primaries } = await this.#ask();
      this.#said.forget();
      if (!this.#closed) this.#follow(primaries);
    } catch (error) {
      // What is known is kept.
      if (!this.#closed) this.#said.failed(error);
    }
    if (this.#closed) return;
    const pauseMs = this.#primaries.length > 0 ? LOOK_MS : FIRST_LOOK_MS;
    this.#next = setTimeout(() => this.renew(), pauseMs).unref();
  }

  /** Asks the servers that are connected, another first each time, or else those of the URI. */
  async #ask(): Promise<ClusterView> {
    const ready = [...this.#nodes].filter(([, { isReady }]) => isReady);
    this.#looks += 1;
    ready.push(...ready.splice(0, this.#looks % Math.max(1, ready.length)));
    for (const [host, node] of ready) {
      try {
        const view = await readClusterView(node.client, host);
        if (view.isSound) return view;
      } catch {
        // Its own log says why it does not answer any more.
      }
    }
    return await firstSound(this.#uri.hosts.map((host) => this.#askAt(host)));
  }

  async #askAt(host: string): Promise<ClusterView> {
    const client = this.#clients.make(this.#uri.urlOf(host));
    // What fails is what connect() rejects with, or the request; a listener must be all the same.
    client.on('error', () => undefined);
    try {
      return await connectAndAsk(client, () => readClusterView(client, host));
    } finally {
      if (client.isOpen) client.destroy();
    }
  }

  #follow(primaries: readonly (string | undefined)[]): void {
    this.#primaries = primaries;
    const hosts = new Set(primaries);
    for (const [host, node] of this.#nodes) if (!hosts.has(host)) this.#leave(host, node);
    const nodes = [...hosts].flatMap((host) => (host === undefined ? [] : [this.#nodeAt(host)]));
    const opened = () => this.#opened.resolve();
    Promise.all(nodes.map((node) => node.open())).then(opened, opened);
  }

  #leave(host: string, node: RedisNode): void {
    this.#nodes.delete(host);
    this.#leaving.add(node);
    setTimeout(() => {
      this.#leaving.delete(node);
      node.close();
    }, LEAVE_MS).unref();
  }
}

/** Without the first word a server refuses a slot that is on its way to it; none may come between. */
async function askFirst<T>(
  client: RedisClient,
  work: (client: RedisClient) => Promise<T>,
): Promise<T> {
  const [, done] = await Promise.all([client.sendCommand(['ASKING']), work(client)]);
  return done;
}
