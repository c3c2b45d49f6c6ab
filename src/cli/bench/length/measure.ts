import { HostArray, randomKey, uniform } from '../../../core/index.js';
import { gradients } from '../../../grad/index.js';
import { input, parameterTensor, type Tensor } from '../../../ops/index.js';
import { lowerProgram, Program } from '../../../runtime/index.js';
import { median } from '../statistics.js';
import { type Contestant, heads, headWidth } from './contestants.js';

export interface MeasureOptions {
  readonly length: number;
  readonly threads: number;
  /** Whether the gradients by the inputs and every parameter are computed too. */
  readonly training: boolean;
  /** Runs are repeated until so many milliseconds have passed, after two to warm up: three at least, or one of those that are long. */
  readonly budgetMs: number;
}

export interface Measured {
  /** Median of the runs, milliseconds. */
  readonly ms: number;
  readonly runs: number;
  readonly createMs: number;
}

/** A run of which one is enough: what disturbs it is short beside it. */
const longMs = 5000;

/** Times one form at one length. Only sums leave the program, so that no time goes into copying results. */
export async function measure({ make }: Contestant, { length, threads, training, budgetMs }: MeasureOptions): Promise<Measured> {
  const names = ['query', 'key', 'value'];
  const shape = [1, heads, length, headWidth];
  const tensors = names.map((name) => input(name, shape)) as [Tensor, Tensor, Tensor];
  const { module, mix } = make(length);
  const y = mix(tensors);
  const loss = y.mul(y).sum();
  const outputs: Record<string, Tensor> = { loss };
  if (training) {
    const found = gradients(loss, [...tensors, ...[...module.parameters().values()].map(parameterTensor)]);
    found.forEach((g, i) => {
      outputs[`gradient${i}`] = g.mul(g).sum();
    });
  }
  const specs = names.map((name, i) => ({ name, spec: tensors[i] as Tensor }));
  const feeds = Object.fromEntries(names.map((name) => [name, drawn(name, shape)]));
  const begun = performance.now();
  const program = await Program.create(lowerProgram(outputs, specs), { threads });
  const createMs = performance.now() - begun;
  try {
    // The first run plans memory and the second takes it.
    const warm = [await timed(program, feeds), await timed(program, feeds)] as const;
    const least = warm[1] > longMs ? 1 : 3;
    const times: number[] = [];
    for (let left = budgetMs - warm[0] - warm[1]; times.length < least || (left > 0 && times.length < 20); ) {
      const ms = await timed(program, feeds);
      times.push(ms);
      left -= ms;
    }
    return { ms: median(times), runs: times.length, createMs };
  } finally {
    await program.dispose();
  }
}

async function timed(program: Program, feeds: Readonly<Record<string, HostArray>>): Promise<number> {
  const begun = performance.now();
  await program.run(feeds);
  return performance.now() - begun;
}

function drawn(name: string, shape: readonly number[]): HostArray {
  const key = randomKey(0, name);
  const size = shape.reduce((a, b) => a * b, 1);
  return new HostArray(
    Float32Array.from({ length: size }, (_, i) => 2 * uniform(key, i) - 1),
    shape,
    'float32',
  );
}
