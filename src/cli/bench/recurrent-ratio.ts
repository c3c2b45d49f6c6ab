import type { HostArray } from '../../core/index.js';
import { type CellName, RecurrentLayers } from '../../nn/index.js';
import { input } from '../../ops/index.js';
import { LayerPass } from './layer-pass.js';
import { multiplyAdds } from './multiply-adds.js';
import { median } from './statistics.js';

/** One layer over B rows of T steps, inputs as wide as the state. */
export interface RecurrentShape {
  readonly batch: number;
  readonly length: number;
  readonly hidden: number;
}

/** What a layer of LSTM costs beside one of RNN: 4 gates for 1. */
export interface CellRatio extends RecurrentShape {
  readonly multiplyAdds: number;
  /** Forward and backward, ours: the median over rounds in which both take turns. */
  readonly time: number;
}

/** A layer with the work of its forward pass, ready to run forward and backward. */
export async function cellPass(
  cell: CellName,
  { batch, length, hidden }: RecurrentShape,
  arrays: { readonly x: HostArray; readonly cotangent: HostArray },
  threads: number,
): Promise<{ readonly layer: RecurrentLayers; readonly work: number; readonly pass: LayerPass }> {
  const layer = new RecurrentLayers({ cell, width: hidden, hidden });
  layer.seed = 1;
  const work = multiplyAdds([layer.forward(input('x', [batch, length, hidden])).outputs]);
  return { layer, work, pass: await LayerPass.create(layer, (rows) => layer.forward(rows).outputs, arrays, { threads }) };
}

/**
 * The ratio at a width, and at 2 and 4 times it over as many times fewer steps: the wider, the less of a step is overhead
 * that both cells have alike.
 */
export async function lstmOverRnn(
  shape: RecurrentShape,
  numbers: (name: string, shape: readonly number[]) => HostArray,
  { threads, rounds }: { readonly threads: number; readonly rounds: number },
): Promise<readonly CellRatio[]> {
  const found: CellRatio[] = [];
  for (const wider of [1, 2, 4]) {
    const now = { ...shape, hidden: wider * shape.hidden, length: Math.ceil(shape.length / wider) };
    const [x, cotangent] = ['x', 'cotangent'].map((name) => numbers(name, [now.batch, now.length, now.hidden])) as [HostArray, HostArray];
    const rnn = await cellPass('rnn', now, { x, cotangent }, threads);
    const lstm = await cellPass('lstm', now, { x, cotangent }, threads);
    const ratios: number[] = [];
    try {
      for (let round = -2; round < rounds; round++) {
        const [one] = (await rnn.pass.run(0, 1)).ms as [number];
        const [four] = (await lstm.pass.run(0, 1)).ms as [number];
        if (round >= 0) ratios.push(four / one); // the first two warm up
      }
    } finally {
      await rnn.pass.dispose();
      await lstm.pass.dispose();
    }
    found.push({ ...now, multiplyAdds: lstm.work / rnn.work, time: median(ratios) });
  }
  return found;
}
