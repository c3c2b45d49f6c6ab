import { fail } from '../../core/index.js';
import type { AdamW } from '../../train/index.js';
import type { Block, Side } from './step-ours.js';
import type { StepShape } from './step-shape.js';
import { type TorchInfo, TorchProcess } from './torch-process.node.js';

export interface TorchStart {
  readonly shape: StepShape;
  readonly activation: string;
  /** A GPT-2 in Hugging Face's layout (.safetensors), and int32 `inputs` and `targets` [N,B,T]. */
  readonly weights: string;
  readonly batches: string;
  readonly optimizer: AdamW;
  readonly clip: number;
}

/** PyTorch's training step in a Python process, spoken to in lines of JSON. */
export class TorchSide implements Side {
  readonly info: TorchInfo;
  readonly #process: TorchProcess;
  #batches = '';

  private constructor(process: TorchProcess, info: TorchInfo) {
    this.#process = process;
    this.info = info;
  }

  /**
   * @param threads threads within an operator
   * @throws unsupported: no PyTorch, or not the folder bench/torch, with what to do about it
   */
  static async start(threads: number): Promise<TorchSide> {
    const { child, info } = await TorchProcess.start('bench step', 'step.py', threads);
    return new TorchSide(child, info);
  }

  /** Takes weights, rules and batches; training begins anew. @returns the number of parameters */
  async begin({ shape, activation, weights, batches, optimizer, clip }: TorchStart): Promise<number> {
    if (optimizer.epsilon !== 1e-8)
      throw fail('value', { where: 'bench step', rule: "AdamW's ε is 1e-8, as in step.py", got: String(optimizer.epsilon) });
    const { layers, heads, width, context, vocabulary, batch, dropout } = shape;
    const config = { layers, heads, width, context, vocabulary, batch, activation, dropout };
    const rules = { lr: optimizer.lr, betas: optimizer.betas, weightDecay: optimizer.weightDecay, decayFilter: 'ndim>=2', clip };
    const { parameters } = await this.#process.ask({ cmd: 'init', config, weights, ...rules });
    this.#batches = batches;
    return Number(parameters);
  }

  async run(first: number, count: number): Promise<Block> {
    return (await this.#process.ask({ cmd: 'step', batches: this.#batches, first, count })) as unknown as Block;
  }

  /** Processor time of the process so far, in ms. */
  processorTime(): number {
    return this.#process.processorTime();
  }

  /** Ends the process at once. */
  kill(): void {
    this.#process.kill();
  }
}
