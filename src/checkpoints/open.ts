import { openFolder } from './folder.js';
import type { CheckpointSource } from './source.js';

/**
 * Opens a checkpoint: names, shapes and configuration are read, weights when asked for.
 *
 * @param path a folder of Hugging Face's layout
 * @throws `file` for what is missing or damaged; `unsupported` for a form that is not known
 */
export async function openCheckpoint(path: string): Promise<CheckpointSource> {
  return openFolder(path);
}
