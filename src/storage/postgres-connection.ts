/** A connection to PostgreSQL, by the library pg. */
import { connect, Socket } from 'node:net';
import type { Client } from 'pg';
import { postgresFailure, postgresRefusal } from './postgres-failure.ts';
import type { SqlConnection, SqlResult, SqlValue } from './sql-connection.ts';

/** How long a server may take to close what we ended. */
const FAREWELL_MS = 500;
const CANCEL_REQUEST = 80_877_102;

/** Names a connection's process in a request to cancel. */
interface CancelKey {
  readonly processID: number;
  readonly secretKey: number;
}

export class PostgresConnection implements SqlConnection {
  readonly ready: Promise<void>;
  readonly #socket = new Socket();
  readonly #client: Client;
  #isBusy = false;
  #key: CancelKey | undefined;

  constructor(PgClient: typeof Client, uri: string, onLost: () => void) {
    this.#client = new PgClient({
      connectionString: uri,
      fallback_application_name: 'concierge',
      keepAlive: true,
      stream: () => this.#socket,
    });
    this.#socket.once('close', onLost);
    // What is under way fails with it, and the socket closes.
    this.#client.on('error', () => undefined);
    this.#client.connection.once('backendKeyData', (key: CancelKey) => {
      this.#key = key;
    });
    this.ready = this.#connect();
  }

  /** Leaves nothing behind on the server: a pooler between may give it another client next. */
  readonly run = async (sql: string, values: readonly SqlValue[] = []): Promise<SqlResult> => {
    this.#isBusy = true;
    try {
      const result = await this.#client.query({ text: sql, values: [...values], rowMode: 'array' });
      // Several statements give several results.
      const last = [result].flat().at(-1);
      return { rows: last?.rows ?? [], changes: last?.rowCount ?? 0 };
    } catch (error) {
      throw postgresFailure(error);
    } finally {
      this.#isBusy = false;
    }
  };

  end(): void {
    this.#client.end().catch(() => undefined);
    this.#socket.unref();
    setTimeout(() => this.#socket.destroy(), FAREWELL_MS).unref();
  }

  destroy(): void {
    // A server that waits for a lock would not notice that we are gone.
    if (this.#isBusy && this.#key) cancel(this.#client, this.#key);
    this.#socket.destroy();
  }

  async #connect(): Promise<void> {
    try {
      await this.#client.connect();
    } catch (error) {
      throw postgresRefusal(error);
    }
  }
}

/** Asks the server to end what it does (PostgreSQL, "Canceling Requests in Progress"). */
function cancel({ host, port }: Client, { processID, secretKey }: CancelKey): void {
  const request = Buffer.alloc(16);
  request.writeInt32BE(request.length, 0);
  request.writeInt32BE(CANCEL_REQUEST, 4);
  request.writeInt32BE(processID, 8);
  request.writeInt32BE(secretKey, 12);
  const socket = host.startsWith('/') ? connect(`${host}/.s.PGSQL.${port}`) : connect(port, host);
  socket.unref();
  socket.on('error', () => undefined);
  socket.end(request);
  setTimeout(() => socket.destroy(), FAREWELL_MS).unref();
}
