import { expect } from 'vitest';
import { memory } from '#dist/runtime/index.js';

/** Holds live memory to what it was. It may be less: what earlier tests of the file forgot may have been collected meanwhile. */
export function expectNoMoreMemory(before: ReturnType<typeof memory>): void {
  for (const [kind, { count, bytes }] of Object.entries(memory())) {
    expect(count, kind).toBeLessThanOrEqual(before[kind]?.count ?? 0);
    expect(bytes, kind).toBeLessThanOrEqual(before[kind]?.bytes ?? 0);
  }
}
