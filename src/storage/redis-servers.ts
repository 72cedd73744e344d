/** The Redis servers behind one store, however they are arranged. */
import type { RedisClient } from './redis-client.ts';

/** @throws {NotConnected} from all that needs a server that is away. */
export interface RedisServers {
  /** Resolves when all are connected, however long that takes, or closed. */
  open(): Promise<void>;
  /** Throws at once while none of them is connected. */
  assertReady(): void;
  /**
   * What `work` gives with the server that holds `name`. It may be called again with another
   * server, after one that surely did nothing; its first command is sent before it first waits.
   */
  run<T>(name: string, work: (client: RedisClient) => Promise<T>): Promise<T>;
  /** A read that this process's own copy may answer. */
  getNear(name: string): Promise<string | undefined>;
  /** To be said of every write, whatever became of it. */
  forgetNear(name: string): void;
  /** All that hold records. */
  clients(): readonly RedisClient[];
  /** To be said when a server takes no writes: another may lead by now. */
  renew(): void;
  close(): void;
}
