/** Something that holds bytes until it is disposed. */
export interface MemoryOwner {
  /** What it is, for people: `program`, `training storage`, `KV cache`. */
  readonly kind: string;
  readonly bytes: number;
}

const owners = new Set<MemoryOwner>();

/** Enters an owner; the returned function takes it out again (more than once is harmless). */
export function own(owner: MemoryOwner): () => void {
  owners.add(owner);
  return () => void owners.delete(owner);
}

/** Live bytes by kind of owner. What is not listed is JavaScript's garbage collector's business. */
export function memory(): Record<string, { count: number; bytes: number }> {
  const report: Record<string, { count: number; bytes: number }> = {};
  for (const { kind, bytes } of owners) {
    const entry = report[kind] ?? { count: 0, bytes: 0 };
    report[kind] = { count: entry.count + 1, bytes: entry.bytes + bytes };
  }
  return report;
}
