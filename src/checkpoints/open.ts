import { openFolder } from './folder.js';
import { openGguf } from './gguf/source.js';
import { openLlama2c } from './llama2c.js';
import type { CheckpointSource } from './source.js';

/**
 * Opens a checkpoint: names, shapes and configuration are read, weights when asked for.
 *
 * @param path a folder of Hugging Face's layout, a `.gguf` file, or a `.bin` file of llama2.c
 * @throws `file` for what is missing or damaged; `unsupported` for a form that is not known
 */
export async function openCheckpoint(path: string): Promise<CheckpointSource> {
  if (/\.gguf$/i.test(path)) return openGguf(path);
  if (/\.bin$/i.test(path)) return openLlama2c(path);
  return openFolder(path);
}
