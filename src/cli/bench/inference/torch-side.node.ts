import type { TorchProcess } from '../torch-process.node.js';
import type { InferenceSide, Reading } from './side.js';
import type { InferenceSize, SlotName } from './size.js';

/** PyTorch's: a GPT-2 with a cache in a Python process (bench/torch/inference.py). */
export class TorchInference implements InferenceSide {
  private constructor(private readonly child: TorchProcess) {}

  /** @param weights a GPT-2 in Hugging Face's layout, .safetensors */
  static async create(child: TorchProcess, { layers, heads, width, context }: InferenceSize, weights: string): Promise<TorchInference> {
    await child.ask({ cmd: 'init', config: { layers, heads, width, context }, weights });
    return new TorchInference(child);
  }

  async read(slot: SlotName, ids: readonly (readonly number[])[]): Promise<Reading> {
    return (await this.child.ask({ cmd: 'read', slot, ids })) as unknown as Reading;
  }

  async step(slot: SlotName, ids: readonly (readonly number[])[]): Promise<Reading> {
    return (await this.child.ask({ cmd: 'step', slot, ids })) as unknown as Reading;
  }
}
