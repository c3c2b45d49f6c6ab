/** Values one after another, with a way back and forth. */
export interface History<T> {
  readonly past: readonly T[];
  readonly present: T;
  readonly future: readonly T[];
}

/** The most steps that are remembered. */
const DEPTH = 200;

export function begin<T>(present: T): History<T> {
  return { past: [], present, future: [] };
}

export function advance<T>({ past, present }: History<T>, next: T): History<T> {
  return { past: [...past, present].slice(-DEPTH), present: next, future: [] };
}

export function back<T>(history: History<T>): History<T> {
  const { past, present, future } = history;
  return past.length === 0 ? history : { past: past.slice(0, -1), present: past.at(-1) as T, future: [present, ...future] };
}

export function forth<T>(history: History<T>): History<T> {
  const { past, present, future } = history;
  return future.length === 0 ? history : { past: [...past, present], present: future[0] as T, future: future.slice(1) };
}
