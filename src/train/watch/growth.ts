import { isFloat } from '../../core/index.js';
import type { TokenBatch } from '../../datasets/data.js';
import { type ParameterValues, PassProgram, type PassSettings, tracePass } from './traced-pass.js';

export interface GrowthSearch extends PassSettings {
  /** The parameters of the last good state, and those now. */
  readonly before: ParameterValues;
  readonly after: ParameterValues;
  /** What both are tried on: the batches of the step whose loss leapt, one per run of its program (per pass, or per lane of each). */
  readonly batches: readonly TokenBatch[];
  /** Number of the first of them in the run: step · runs per step. */
  readonly pass: number;
}

/** A site whose values are much larger than they were. */
export interface Growth {
  readonly site: string;
  /** Root mean squares of its values. */
  readonly before: number;
  readonly after: number;
  /** The same as a sentence for people. */
  readonly message: string;
}

/** A root mean square that grew more than this many times is where a leap of the loss came from. */
const notable = 4;

/**
 * Finds where a leap of the loss came from: the first site, in the order of computation, whose root mean square on the
 * same batches, with the same dropout, grew more than fourfold from one state of the parameters to another. It is that of
 * all batches together, so it does not matter in how many parts a step's rows go.
 * @returns undefined where none grew so: the batch itself is hard, or the change is spread out
 */
export async function findGrowth(search: GrowthSearch): Promise<Growth | undefined> {
  const [first] = search.batches;
  if (first === undefined) return undefined;
  const traced = tracePass(search, first);
  const squares = [...traced.sites].filter(([, x]) => isFloat(x.dtype)).map(([site, x]) => [site, x.mul(x).mean()] as const);
  if (squares.length === 0) return undefined;
  const program = await PassProgram.create(search, traced, Object.fromEntries(squares));
  try {
    const before = await rootMeanSquares(program, search, search.before);
    const after = await rootMeanSquares(program, search, search.after);
    for (const [site] of squares) {
      const was = before.get(site) as number;
      const is = after.get(site) as number;
      // Written so that what is no number now is noticed too. What was 0 had not begun to be used: it may grow.
      if (was > 0 && !(is <= notable * was)) return { site, before: was, after: is, message: sentence(site, was, is) };
    }
    return undefined;
  } finally {
    await program.dispose();
  }
}

/** By site, over all batches: they are of one size, so the mean of their means is that of all. */
async function rootMeanSquares(
  program: PassProgram,
  { batches, pass }: GrowthSearch,
  values: ParameterValues,
): Promise<ReadonlyMap<string, number>> {
  const means = new Map<string, number>();
  for (const [i, batch] of batches.entries()) {
    for (const [site, mean] of Object.entries(await program.run(values, batch, pass + i)))
      means.set(site, (means.get(site) ?? 0) + mean.item() / batches.length);
  }
  return new Map([...means].map(([site, mean]) => [site, Math.sqrt(mean)]));
}

function sentence(site: string, before: number, after: number): string {
  const times = (after / before).toPrecision(3);
  return `${site} is the first site that grew: its root mean square is ${after.toPrecision(3)}, ${times} times the ${before.toPrecision(3)} of before`;
}
