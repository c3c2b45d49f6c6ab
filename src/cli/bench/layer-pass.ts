import type { HostArray } from '../../core/index.js';
import { gradients } from '../../grad/index.js';
import type { Module } from '../../nn/index.js';
import { encodeModel } from '../../onnx/index.js';
import { input, parameterTensor, type Tensor } from '../../ops/index.js';
import { type EngineTensor, engineTensor, type LoweredProgram, lowerProgram, Session } from '../../runtime/index.js';
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
    const { model, bindings, gradients: shapes } = tracePass(layer, run, { x, cotangent }, options);
    const feeds: Record<string, EngineTensor> = {};
    for (const binding of bindings) {
      const value = binding.kind === 'parameter' ? binding.parameter.value : binding.name === 'x' ? x : cotangent;
      feeds[binding.name] = engineTensor('float32', value.data, value.shape);
    }
    const grads = Object.entries(shapes).map(([name, shape]) => {
      return [`gradient:${name}`, engineTensor('float32', new Float32Array(shape.reduce((a, b) => a * b, 1)), shape)] as const;
    });
    const session = await Session.create(encodeModel(model), {
      device: 'cpu',
      threads: options.threads,
      optimize: false,
      ...(options.profile !== undefined && { profile: options.profile }),
    });
    return new LayerPass(session, feeds, Object.fromEntries(grads), options.tiles ?? 1);
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

/** The program of a pass, what its inputs stand for, and each gradient's shape by name. */
export function tracePass(
  layer: Module,
  run: (x: Tensor) => Tensor,
  { x, cotangent }: { readonly x: { readonly shape: readonly number[] }; readonly cotangent: { readonly shape: readonly number[] } },
  { threads, tiles = 1 }: LayerPassOptions,
): Pick<LoweredProgram, 'model' | 'bindings'> & { readonly gradients: Readonly<Record<string, readonly number[]>> } {
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
  const { model, bindings } = lowerProgram(outputs, declared, { device: 'cpu', threads });
  const shapes = by.map((name, i) => [name, (found[i] as Tensor).shape as readonly number[]]);
  return { model, bindings, gradients: Object.fromEntries(shapes) };
}
