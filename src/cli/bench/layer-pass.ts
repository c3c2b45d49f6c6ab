import type { HostArray } from '../../core/index.js';
import { gradients } from '../../grad/index.js';
import type { Module } from '../../nn/index.js';
import { encodeModel } from '../../onnx/index.js';
import { input, parameterTensor, type Tensor } from '../../ops/index.js';
import { type EngineTensor, engineTensor, lowerProgram, Session } from '../../runtime/index.js';
import type { OurBlock } from './step-ours.js';

export interface LayerPassOptions {
  readonly threads: number;
  /** Where ONNX Runtime's profile goes, if one is wanted. */
  readonly profile?: string;
  /** Equal parts the batch is cut into, whose losses add up; 1 by default. */
  readonly tiles?: number;
}

/** A layer of ours forward and backward: the loss sum(out ∘ cotangent) and its gradients by x and every parameter, in memory of ours. */
export class LayerPass {
  readonly tiles: number;
  readonly #session: Session;
  readonly #feeds: Readonly<Record<string, EngineTensor>>;
  readonly #gradients: Readonly<Record<string, EngineTensor>>;

  private constructor(session: Session, feeds: Record<string, EngineTensor>, grads: Record<string, EngineTensor>, tiles: number) {
    this.#session = session;
    this.#feeds = feeds;
    this.#gradients = grads;
    this.tiles = tiles;
  }

  /** @param run the layer on [B,…], or on a tile of it */
  static async create(
    layer: Module,
    run: (x: Tensor) => Tensor,
    { x, cotangent }: { readonly x: HostArray; readonly cotangent: HostArray },
    options: LayerPassOptions,
  ): Promise<LayerPass> {
    const { tiles = 1 } = options;
    const [whole, weights] = [input('x', x.shape), input('cotangent', cotangent.shape)];
    const pieces = weights.split(tiles, 0);
    const loss = whole
      .split(tiles, 0)
      .map((tile, i) =>
        run(tile)
          .mul(pieces[i] as Tensor)
          .sum(),
      )
      .reduce((a, b) => a.add(b));
    const parameters = [...layer.parameters()];
    const by = ['x', ...parameters.map(([name]) => name)];
    const found = gradients(loss, [whole, ...parameters.map(([, p]) => parameterTensor(p))]);
    const outputs = { loss, ...Object.fromEntries(by.map((name, i) => [`gradient:${name}`, found[i] as Tensor])) };
    const declared = [
      { name: 'x', spec: whole },
      { name: 'cotangent', spec: weights },
    ];
    const { model, bindings } = lowerProgram(outputs, declared, { device: 'cpu', threads: options.threads });
    const feeds: Record<string, EngineTensor> = {};
    for (const binding of bindings) {
      const value = binding.kind === 'parameter' ? binding.parameter.value : binding.name === 'x' ? x : cotangent;
      feeds[binding.name] = engineTensor('float32', value.data, value.shape);
    }
    const grads = by.map((name, i) => {
      const shape = (found[i] as Tensor).shape as readonly number[];
      return [`gradient:${name}`, engineTensor('float32', new Float32Array(shape.reduce((a, b) => a * b, 1)), shape)] as const;
    });
    const session = await Session.create(encodeModel(model), {
      device: 'cpu',
      threads: options.threads,
      optimize: false,
      ...(options.profile !== undefined && { profile: options.profile }),
    });
    return new LayerPass(session, feeds, Object.fromEntries(grads), tiles);
  }

  /** Runs `count` steps. */
  async run(_: number, count: number): Promise<OurBlock> {
    const losses: number[] = [];
    const ms: number[] = [];
    for (let step = 0; step < count; step++) {
      const begun = performance.now();
      const { loss } = await this.#session.run(this.#feeds, { loss: null, ...this.#gradients });
      losses.push(Number(loss?.data[0]));
      ms.push(performance.now() - begun);
    }
    return { losses, ms, outside: ms.map(() => 0) };
  }

  /** The norm of each gradient of the last step, by name. */
  norms(): Readonly<Record<string, number>> {
    const norm = ({ data }: EngineTensor): number => Math.sqrt((data as Float32Array).reduce((sum, g) => sum + g * g, 0));
    return Object.fromEntries(Object.entries(this.#gradients).map(([name, g]) => [name.replace('gradient:', ''), norm(g)]));
  }

  /** Writes the profile that was asked for. */
  endProfiling(): void {
    this.#session.endProfiling();
  }

  dispose(): Promise<void> {
    return this.#session.dispose();
  }
}
