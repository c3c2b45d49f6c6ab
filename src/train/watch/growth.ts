import { type HostArray, isFloat } from '../../core/index.js';
import type { TokenBatch } from '../../datasets/data.js';
import { type ParameterValues, PassProgram, type PassSettings, tracePass } from './traced-pass.js';

export interface GrowthSearch extends PassSettings {
  /** The parameters of the last good state, and those now. */
  readonly before: ParameterValues;
  readonly after: ParameterValues;
  /** One batch, on which both are tried: the first of the step whose loss leapt (of its first lane, where it goes in lanes). */
  readonly batch: TokenBatch;
  /** Number of its pass in the run, each lane's counted. */
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
 * same batch, with the same dropout, grew more than fourfold from one state of the parameters to another.
 * @returns undefined where none grew so: the batch itself is hard, or the change is spread out
 */
export async function findGrowth(search: GrowthSearch): Promise<Growth | undefined> {
  const traced = tracePass(search, search.batch);
  const sizes = [...traced.sites].filter(([, x]) => isFloat(x.dtype)).map(([site, x]) => [site, x.mul(x).mean().sqrt()] as const);
  if (sizes.length === 0) return undefined;
  const program = await PassProgram.create(search, traced, Object.fromEntries(sizes));
  try {
    const before = await program.run(search.before, search.batch, search.pass);
    const after = await program.run(search.after, search.batch, search.pass);
    for (const [site] of sizes) {
      const was = (before[site] as HostArray).item();
      const is = (after[site] as HostArray).item();
      // Written so that what is no number now is noticed too. What was 0 had not begun to be used: it may grow.
      if (was > 0 && !(is <= notable * was)) return { site, before: was, after: is, message: sentence(site, was, is) };
    }
    return undefined;
  } finally {
    await program.dispose();
  }
}

function sentence(site: string, before: number, after: number): string {
  const times = (after / before).toPrecision(3);
  return `${site} is the first site that grew: its root mean square is ${after.toPrecision(3)}, ${times} times the ${before.toPrecision(3)} of before`;
}
