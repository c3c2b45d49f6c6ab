import { runInNewContext } from 'node:vm';

/** See `time-limit.ts`. A context's time limit ends whatever it calls, also functions from outside and regular expressions. */
export function withinTime<T extends object>(milliseconds: number, run: () => T): T | undefined {
  try {
    return runInNewContext('run()', { run }, { timeout: milliseconds }) as T;
  } catch (error) {
    if ((error as { code?: unknown } | null)?.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return undefined;
    throw error;
  }
}
