import { fail } from '../../core/index.js';
import { median, type Summary, summarize } from './statistics.js';
import type { Block, OurBlock, Side } from './step-ours.js';

/** How far two runs from the same weights over the same batches drift apart. */
export interface Equality {
  readonly steps: number;
  /** Largest |ours − theirs|, in nats, and largest |ours − theirs| / |theirs|, over the steps. */
  readonly absolute: number;
  readonly relative: number;
  readonly firstLoss: number;
  readonly lastLoss: number;
}

/** Losses may differ by this, relatively, at every step: rounding grows, a wrong gradient shows at once. */
export const lossTolerance = 1e-3;

/** @throws numeric: losses that are not equal within `lossTolerance`, or are not numbers: such runs are not comparable */
export function compareLosses(ours: readonly number[], theirs: readonly number[]): Equality {
  if (ours.length !== theirs.length || ours.length === 0) {
    throw fail('value', {
      where: 'bench step',
      rule: 'as many losses on both sides, and some',
      got: `${ours.length} and ${theirs.length}`,
    });
  }
  let absolute = 0;
  let relative = 0;
  ours.forEach((loss, step) => {
    const other = theirs[step] as number;
    const difference = Math.abs(loss - other);
    // Written so that NaN fails too.
    if (!(difference <= lossTolerance * Math.abs(other))) {
      throw fail('numeric', {
        where: 'bench step',
        rule: `our loss equals PyTorch's within ${lossTolerance} (relative) at every step`,
        got: `${loss} and ${other} at step ${step}`,
        fix: 'No times are compared between steps that compute different things',
      });
    }
    absolute = Math.max(absolute, difference);
    relative = Math.max(relative, difference / Math.abs(other));
  });
  return { steps: ours.length, absolute, relative, firstLoss: ours[0] as number, lastLoss: ours.at(-1) as number };
}

/** Milliseconds per step of each side, alternating in blocks on the same machine in the same minutes. */
export interface Timing {
  readonly ours: Summary;
  readonly theirs: Summary;
  /** Our median over theirs: below 1, ours is faster. */
  readonly ratio: number;
  /** The same ratio within each round, whose two blocks are neighbours in time. */
  readonly paired: Summary;
  /** Median milliseconds of our steps outside ONNX Runtime. */
  readonly outside: number;
  /** Each round's ratio, and the round trips between two cores before and after it in nanoseconds, where they were measured. */
  readonly rounds?: readonly { readonly ratio: number; readonly roundTrips: readonly [number, number] }[];
}

export interface AlternateOptions {
  readonly rounds: number;
  /** Timed steps per side and round; one more before them is not counted: it meets caches that the other side filled. */
  readonly steps: number;
  /** Batches there are; blocks begin at a different one each. */
  readonly batches: number;
  readonly onRound?: (round: number) => void;
  /** Measures the round trip between two cores, in nanoseconds. */
  readonly roundTrip?: () => number;
}

/** Blocks of steps in turn, ours first and theirs first by turns, so that a drift of the machine favours none. */
export async function alternate(
  ours: { run(first: number, count: number): Promise<OurBlock> },
  theirs: Side,
  options: AlternateOptions,
): Promise<Timing> {
  const { rounds, steps, batches, onRound, roundTrip } = options;
  const count = steps + 1;
  const times = {
    ours: [] as number[],
    theirs: [] as number[],
    outside: [] as number[],
    ratios: [] as number[],
    trips: [] as [number, number][],
  };
  let before = roundTrip?.();
  for (let round = 0; round < rounds; round++) {
    const first = (round * count) % (batches - steps);
    let block: OurBlock;
    let other: Block;
    if (round % 2 === 0) {
      block = await ours.run(first, count);
      other = await theirs.run(first, count);
    } else {
      other = await theirs.run(first, count);
      block = await ours.run(first, count);
    }
    const [mine, its] = [block.ms.slice(1), other.ms.slice(1)];
    times.ours.push(...mine);
    times.theirs.push(...its);
    times.outside.push(...block.outside.slice(1));
    times.ratios.push(median(mine) / median(its));
    const after = roundTrip?.();
    if (before !== undefined && after !== undefined) times.trips.push([before, after]);
    before = after;
    onRound?.(round);
  }
  const [mine, its] = [summarize(times.ours), summarize(times.theirs)];
  const measured = times.trips.length > 0 && {
    rounds: times.ratios.map((ratio, i) => ({ ratio, roundTrips: times.trips[i] as [number, number] })),
  };
  return {
    ours: mine,
    theirs: its,
    ratio: mine.median / its.median,
    paired: summarize(times.ratios),
    outside: median(times.outside),
    ...measured,
  };
}
