import { files } from '#files';
import { fail } from '../core/index.js';
import { readConfig } from './config.js';
import { readSafetensors } from './safetensors.js';
import { readShards } from './shards.js';
import type { CheckpointSource, TensorSource } from './source.js';

export const weightsFile = 'model.safetensors';
const indexFile = 'model.safetensors.index.json';

/**
 * A folder of Hugging Face's layout: `config.json` with `model.safetensors`, or with its index and shards.
 * In a browser, the folder is the address that the files' names are put behind.
 *
 * @throws `file` for a folder that has no configuration or no weights, or files that are damaged
 */
export async function openFolder(folder: string): Promise<CheckpointSource> {
  const kindOf = async (name: string) => (await files.stat(files.join(folder, name))).kind;
  if ((await kindOf('config.json')) === 'missing') {
    const { kind } = await files.stat(folder);
    const there = { file: 'a file', folder: 'a folder without config.json', missing: 'no such folder' }[kind];
    throw fail('file', {
      where: folder,
      rule: 'a checkpoint folder, with config.json and model.safetensors, or a .gguf or .bin file',
      got: there,
    });
  }
  const config = await readConfig(folder);
  const tensors = await openWeights(folder, kindOf);
  return { ...tensors, format: 'safetensors', config, tokenizer: () => undefined };
}

async function openWeights(folder: string, kindOf: (name: string) => Promise<string>): Promise<TensorSource> {
  if ((await kindOf(weightsFile)) !== 'missing') return readSafetensors(files.join(folder, weightsFile));
  if ((await kindOf(indexFile)) !== 'missing') return readShards(files.join(folder, indexFile), folder);
  const others = (await kindOf('pytorch_model.bin')) === 'missing' ? '' : ': only pytorch_model.bin, which is a program, not data';
  throw fail('file', {
    where: files.join(folder, weightsFile),
    rule: `weights: ${weightsFile} or ${indexFile}`,
    got: `no such file or folder${others}`,
    fix: 'Save the model as safetensors',
  });
}
