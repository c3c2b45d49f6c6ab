import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** A path under the shared data; `undefined`, said aloud, where there is none. */
export function shared(path: string): string | undefined {
  const found = join(process.env.HEADLIGHT_SHARED ?? resolve('..', 'shared'), path);
  if (existsSync(found)) return found;
  console.warn(`skipped: no ${path} under HEADLIGHT_SHARED or ../shared`);
  return undefined;
}
