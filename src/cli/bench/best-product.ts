import { encodeModel } from '../../onnx/index.js';
import { input, type Tensor } from '../../ops/index.js';
import { engineTensor, lowerProgram, Session } from '../../runtime/index.js';

/** [rows, inner, columns] of float32 products: square ones, and one of an MLP. */
const shapes: readonly (readonly [number, number, number])[] = [
  [512, 512, 512],
  [1024, 384, 1536],
  [1024, 1536, 384],
];
/** Products in a row of each program, so that starting it does not count. */
const chain = 2;

/** The machine's best matrix product: the rate that a training step is measured against. */
export class BestProduct {
  #best = 0;

  private constructor(private readonly runs: readonly { readonly work: number; run(): Promise<unknown>; dispose(): Promise<void> }[]) {}

  /** @param threads threads within a product */
  static async create(threads: number): Promise<BestProduct> {
    const runs = shapes.map(async ([rows, inner, columns]) => {
      const a = input('a', [rows, inner], 'float32');
      const factors = Array.from({ length: chain }, (_, i) => input(`b${i}`, [inner, columns], 'float32'));
      // Only one number of each product leaves the program: large outputs would be copied.
      const outputs = Object.fromEntries(factors.map((b, i) => [`y${i}`, corner(a.matmul(b))]));
      const inputs = [a, ...factors].map((spec, i) => ({ name: i === 0 ? 'a' : `b${i - 1}`, spec }));
      const { model } = lowerProgram(outputs, inputs, { threads });
      const session = await Session.create(encodeModel(model), { device: 'cpu', threads, optimize: false });
      const feeds = Object.fromEntries(
        inputs.map(({ name, spec }) => {
          const [height, width] = spec.shape as [number, number];
          return [name, engineTensor('float32', new Float32Array(height * width).fill(0.5), [height, width])];
        }),
      );
      const fetches = Object.fromEntries(Object.keys(outputs).map((name) => [name, null]));
      return { work: 2 * chain * rows * inner * columns, run: () => session.run(feeds, fetches), dispose: () => session.dispose() };
    });
    return new BestProduct(await Promise.all(runs));
  }

  /** Times each shape a few times. @returns 10⁹ floating-point operations per second of the quickest run so far */
  async measure(): Promise<number> {
    for (const { work, run } of this.runs) {
      for (let i = 0; i < 3; i++) {
        const begun = performance.now();
        await run();
        this.#best = Math.max(this.#best, work / (performance.now() - begun) / 1e6);
      }
    }
    return this.#best;
  }

  async dispose(): Promise<void> {
    await Promise.all(this.runs.map((r) => r.dispose()));
  }
}

function corner(x: Tensor): Tensor {
  return x.slice([
    [0, 1],
    [0, 1],
  ]);
}
