import { files } from '#files';
import { HostArray } from '../core/index.js';
import type { Module } from '../nn/index.js';
import type { Architecture } from './architectures/architecture.js';
import type { JsonObject } from './config.js';
import { weightsFile } from './folder.js';
import { toHfTensors } from './match.js';
import { writeSafetensors } from './safetensors-write.js';

/** A model's configuration, and its tensors under Hugging Face's names. */
export interface HfCheckpoint {
  readonly config: JsonObject;
  readonly tensors: Map<string, HostArray>;
}

/** A model by the first of some architectures that can hold it; undefined where none can. */
export function hfCheckpointOf<M extends Module>(architectures: readonly Architecture<M>[], model: M): HfCheckpoint | undefined {
  for (const architecture of architectures) {
    const config = architecture.write(model);
    if (config === undefined) continue;
    const values: [string, HostArray][] = [...model.parameters()].map(([name, p]) => [name, p.value]);
    for (const { name, shape, value } of architecture.complete(model)) {
      const data = new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(value);
      values.push([name, new HostArray(data, shape, 'float32')]);
    }
    return { config, tensors: toHfTensors(values, architecture.names) };
  }
  return undefined;
}

/** Writes a folder in Hugging Face's layout, each file whole or not there. @param beside other JSON files, by name */
export async function writeHfCheckpoint(
  folder: string,
  { config, tensors }: HfCheckpoint,
  beside: Readonly<Record<string, JsonObject>> = {},
): Promise<void> {
  await writeSafetensors(files.join(folder, weightsFile), tensors, { format: 'pt' });
  for (const [name, content] of Object.entries({ 'config.json': config, ...beside })) {
    await files.writeAtomic(files.join(folder, name), `${JSON.stringify(content, null, 2)}\n`);
  }
}
