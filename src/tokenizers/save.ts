import { files } from '#files';
import type { Tokenizer } from './tokenizer.js';

/** Writes `tokenizer.json` and `tokenizer_config.json` into a folder, each whole or not at all. */
export async function saveTokenizer(folder: string, tokenizer: Tokenizer): Promise<void> {
  await files.writeAtomic(files.join(folder, 'tokenizer.json'), `${JSON.stringify(tokenizer.toJson(), null, 2)}\n`);
  await files.writeAtomic(files.join(folder, 'tokenizer_config.json'), `${JSON.stringify(tokenizer.configJson, null, 2)}\n`);
}
