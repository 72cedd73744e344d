/** What Graph shows of a directory object whose kind the caller may not read: its type and id, the rest null. */
import type { Entity } from './entity-list.ts';

export function limited(entity: Entity): Entity {
  const kept = ['@odata.type', 'id'];
  return Object.fromEntries(
    Object.entries(entity).map(([key, value]) => [key, kept.includes(key) ? value : null]),
  );
}
