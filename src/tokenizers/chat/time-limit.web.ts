/** See `time-limit.ts`. */
export function withinTime<T extends object>(_milliseconds: number, run: () => T): T | undefined {
  return run();
}
