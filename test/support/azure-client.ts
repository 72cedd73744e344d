/** Starts a process that runs Microsoft's own libraries with an environment of its own. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { z } from 'zod';
import type { AzureOrder } from './azure-client-process.ts';
import { bareEnvironment } from './bare-environment.ts';

const answerSchema = z.object({
  id: z.number(),
  value: z.record(z.string(), z.unknown()).optional(),
  failure: z
    .object({
      name: z.string(),
      message: z.string(),
      statusCode: z.number().optional(),
      code: z.string().optional(),
    })
    .optional(),
});

export type AzureAnswer = Omit<z.infer<typeof answerSchema>, 'id'>;

export interface AzureClient {
  /** What the library gave, or what it threw; `clientId` names a user-assigned identity. */
  run(order: AzureOrder, clientId?: string): Promise<AzureAnswer>;
  close(): Promise<void>;
}

/** The environment is all that the process sees, beside what it needs to run. */
export async function startAzureClient(
  environment: Readonly<Record<string, string>>,
): Promise<AzureClient> {
  const child = fork(resolve('test/support/azure-client-process.ts'), {
    env: bareEnvironment(environment),
  });
  await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(() => {
      throw new Error('the libraries’ process did not start');
    }),
  ]);
  const waiting = new Map<number, (answer: AzureAnswer) => void>();
  child.on('message', (message) => {
    const { id, ...answer } = answerSchema.parse(message);
    waiting.get(id)?.(answer);
    waiting.delete(id);
  });
  let last = 0;
  return {
    run: (order, clientId) =>
      new Promise((answered) => {
        last += 1;
        waiting.set(last, answered);
        child.send({ id: last, order, clientId });
      }),
    close: async () => {
      const exited = once(child, 'exit');
      child.kill();
      await exited;
    },
  };
}
