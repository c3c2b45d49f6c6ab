import { randomKey } from '../../core/index.js';
import { keepThreshold } from '../../ops/leaves/random-mask.js';
import { type EngineTensor, engineTensor } from '../../runtime/index.js';
import { type Kernels, loadKernelsAsync } from '../kernels/kernels.js';
import type { StepProgram } from '../step-program.js';
import { elements } from '../storage.js';

const pageBytes = 65536;

interface Mask {
  readonly input: string;
  readonly stream: string;
  readonly keep: number;
  readonly at: number;
  readonly size: number;
  readonly tensor: EngineTensor;
}

/** Draws the dropout masks of a pass on the CPU, between two steps: the same bits as everywhere. The engine takes them over. */
export class MaskMaker {
  private constructor(
    private readonly kernels: Kernels,
    private readonly masks: readonly Mask[],
    private readonly seed: number,
  ) {}

  static async create(masks: StepProgram['masks'], seed: number): Promise<MaskMaker> {
    let end = 0;
    const spans = masks.map((mask) => {
      const [at, size] = [end, elements(mask.shape)];
      end += Math.ceil(size / 16) * 64;
      return { ...mask, at, size };
    });
    const memory = new WebAssembly.Memory({ initial: Math.max(1, Math.ceil(end / pageBytes)) });
    const placed = spans.map((mask) => ({
      ...mask,
      tensor: engineTensor('float32', new Float32Array(memory.buffer, mask.at, mask.size), mask.shape),
    }));
    return new MaskMaker(await loadKernelsAsync(memory), placed, seed);
  }

  /** Keyed by the run's seed, each mask's stream and the pass; valid until the next are drawn. */
  draw(pass: number): Record<string, EngineTensor> {
    for (const { stream, keep, at, size } of this.masks) {
      const { k0, k1 } = randomKey(this.seed, stream, pass);
      this.kernels.randomMask(at, size, k0, k1, 0, keepThreshold(keep), 1 / keep);
    }
    return Object.fromEntries(this.masks.map(({ input, tensor }) => [input, tensor]));
  }
}
