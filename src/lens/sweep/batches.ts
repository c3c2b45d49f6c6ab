import { turns } from '../../core/event-loop.js';
import { fail, type Shape } from '../../core/index.js';
import type { Module } from '../../nn/index.js';
import { topological } from '../../ops/graph.js';
import type { Lens } from '../lens.js';
import { ProgramTrace } from '../program-trace.js';
import type { Feeds } from '../subject/subject.js';
import type { SweepCost, SweepLimit } from './spec.js';

/** What the values of the cells that go through the model together may take: they should stay near the processor. */
const memory = 48 * 2 ** 20;

/** Most cells that go through the model together: more make nothing quicker. */
const most = 64;

/** Bytes of every value that a run of one row computes, as if none made room for another. */
export function bytesPerRow<P, M extends Module>(view: Lens<P, M>, feeds: Feeds): number {
  const { result } = new ProgramTrace(view.subject, feeds).run();
  const outputs = topological([result]).flatMap((node) => (node.inputs.length === 0 ? [] : node.outputs));
  return outputs.reduce((sum, { shape }) => sum + 4 * elements(shape), 0);
}

function elements(shape: Shape): number {
  return shape.reduce<number>((n, size) => n * (size as number), 1);
}

/** How many cells go through the model together: no more than a limit on bytes lets. @throws value: a batch below 1 */
export function batchOf(cells: number, bytes: number, wanted: number | undefined, limit: SweepLimit | undefined): number {
  if (wanted !== undefined && !(Number.isInteger(wanted) && wanted >= 1)) {
    throw fail('value', { where: 'sweep', rule: 'a batch from 1', got: String(wanted) });
  }
  const fitting = (wanted ?? most) * bytes > (limit?.bytes ?? memory) ? Math.floor((limit?.bytes ?? memory) / bytes) : (wanted ?? most);
  return Math.min(cells, Math.max(1, wanted !== undefined && limit?.bytes === undefined ? wanted : fitting));
}

interface BatchOptions {
  /** Cells, and how often each is run: once for each pair of prompts. */
  readonly cells: number;
  readonly batch: number;
  readonly bytes: number;
  /** What a run of one row took: a guess at a cell's, until batches were timed. */
  readonly secondsPerRow: number;
  readonly limit?: SweepLimit | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/**
 * Runs batches of cells one after another, leaving the event loop its turns.
 * @param run the cells of one batch, from the first to before the last
 * @throws value: a cost beyond the limit, in bytes before anything runs, in seconds after a first run; the signal's reason, when it aborts
 */
export async function inBatches(options: BatchOptions, run: (from: number, to: number) => Promise<void>): Promise<SweepCost> {
  const { cells, batch, bytes, limit, signal, onProgress } = options;
  const runs = Math.ceil(cells / batch);
  if (limit?.bytes !== undefined && bytes > limit.bytes) throw tooMuch(options, runs, options.secondsPerRow * cells);
  const turn = turns();
  const start = performance.now();
  for (let n = 0; n < runs; n++) {
    signal?.throwIfAborted();
    const begun = performance.now();
    await run(n * batch, Math.min(cells, (n + 1) * batch));
    const expected = ((performance.now() - begun) / 1000) * runs;
    // The first run is slower than the rest, as memory is taken: only the second is believed.
    if (n === 1 && limit?.seconds !== undefined && expected > limit.seconds) throw tooMuch(options, runs, expected);
    onProgress?.(Math.min(cells, (n + 1) * batch), cells);
    await turn();
  }
  return { cells, runs, batch, bytes, seconds: (performance.now() - start) / 1000 };
}

function tooMuch({ cells, bytes, limit }: BatchOptions, runs: number, seconds: number): Error {
  const allowed = [limit?.bytes !== undefined && `${limit.bytes} bytes`, limit?.seconds !== undefined && `${limit.seconds} s`];
  return fail('value', {
    where: 'sweep',
    rule: `at most ${allowed.filter((part) => part !== false).join(' and ')}, the limit`,
    got: `${cells} cells in ${runs} runs, ${bytes} bytes at once and ${seconds.toPrecision(2)} s expected`,
    fix: 'Sweep over less, or raise the limit',
  });
}
