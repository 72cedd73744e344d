/** The to-dos of each person, each with a version that its changes count up. */
import { randomUUID } from 'node:crypto';
import type { User } from './directory.ts';

export interface Todo {
  readonly id: string;
  readonly title: string;
  readonly done: boolean;
  readonly createdAt: string;
  readonly version: number;
}

const firstTitles = [
  ['Confirm the delivery slot with the carrier', false],
  ['Send the October figures to finance', true],
  ['Book the meeting room for the supplier visit', false],
  ['Read the new packaging guideline', false],
] as const;

export class TodoLists {
  readonly #lists = new Map<string, Todo[]>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  of({ id }: User): readonly Todo[] {
    return this.#listOf(id);
  }

  find(user: User, id: string): Todo | undefined {
    return this.of(user).find((todo) => todo.id === id);
  }

  add({ id }: User, title: string): Todo {
    const createdAt = new Date(this.#now()).toISOString();
    const todo = { id: randomUUID(), title, done: false, createdAt, version: 1 };
    this.#listOf(id).push(todo);
    return todo;
  }

  change({ id }: User, todo: Todo, to: { title: string; done: boolean }): Todo {
    const list = this.#listOf(id);
    const changed = { ...todo, ...to, version: todo.version + 1 };
    list[list.findIndex((each) => each.id === todo.id)] = changed;
    return changed;
  }

  remove({ id }: User, todo: Todo): void {
    const list = this.#listOf(id);
    this.#lists.set(
      id,
      list.filter((each) => each.id !== todo.id),
    );
  }

  #listOf(userId: string): Todo[] {
    const hourMs = 3_600_000;
    const list =
      this.#lists.get(userId) ??
      firstTitles.map(([title, done], index) => ({
        id: String(index + 1),
        title,
        done,
        createdAt: new Date(this.#now() - (index + 1) * 7 * hourMs).toISOString(),
        version: 1,
      }));
    this.#lists.set(userId, list);
    return list;
  }
}
