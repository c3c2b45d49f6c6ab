import type { LensPrompt } from '../../../lens/index.js';
import type { Run } from './run.js';

/** What a run is on, as the lens takes it: ids, a source's and a target's, or pixels. */
export function lensPromptOf({ prepared: { ids, source, feeds } }: Run): LensPrompt {
  if (ids === undefined) return Object.values(feeds)[0] as LensPrompt;
  return source === undefined ? [...ids] : { source: source.map(({ id }) => id), target: [...ids] };
}
