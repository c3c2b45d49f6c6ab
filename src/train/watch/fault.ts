import { fail, HeadlightError, type HostArray, isFloat } from '../../core/index.js';
import type { TokenBatch } from '../../datasets/data.js';
import { gradients } from '../../grad/index.js';
import { topological } from '../../ops/graph.js';
import { parameterTensor, type Tensor } from '../../ops/index.js';
import { checkSites } from '../../runtime/index.js';
import { type ParameterValues, PassProgram, type PassSettings, parameterArray, type TracedPass, tracePass } from './traced-pass.js';

export interface FaultSearch extends PassSettings {
  /** The parameters before the step that failed. */
  readonly values: ParameterValues;
  /** The step's batches, one per run of its program: per pass, or per lane of each. */
  readonly batches: readonly TokenBatch[];
  /** Number of the first of them in the run: step · runs per step. */
  readonly pass: number;
}

/**
 * Finds where NaN or infinity begins in a training step. Parameters are looked at first; then the step runs again, forward
 * and backward, with every site, the gradient at every site and the gradient of every parameter in view, in the order of
 * computation: all that the named one is computed from is finite.
 *
 * The first run reduces each value to one number, so that it takes little more memory than the step itself; a second one
 * fetches only the value that is named.
 *
 * @returns the error that names it, of code `numeric`; undefined where all is finite, as when only the gradients' norm overflowed
 */
export async function findFault(search: FaultSearch): Promise<HeadlightError | undefined> {
  for (const [name, { shape }] of search.model.parameters()) {
    const found = notFinite(name, parameterArray(search.values, name, shape));
    if (found !== undefined) return brokenBefore(name, found);
  }
  const [first] = search.batches;
  if (first === undefined) return undefined;
  const pass = tracePass(search, first);
  const values = orderedValues(search, pass);
  const part = await firstBad(search, pass, values);
  if (part === undefined) return undefined;
  const program = await PassProgram.create(search, pass, { [part.name]: values.get(part.name) as Tensor });
  try {
    const result = await program.run(search.values, search.batches[part.batch] as TokenBatch, search.pass + part.batch);
    return notFinite(part.name, result[part.name] as HostArray);
  } finally {
    await program.dispose();
  }
}

/** Every value to look at, each after those it is computed from: sites, the loss, gradients. */
function orderedValues({ model }: PassSettings, { loss, sites }: TracedPass): Map<string, Tensor> {
  const parameters = [...model.parameters()];
  const floats = [...sites].filter(([, x]) => isFloat(x.dtype));
  const wrt = gradients(loss, [...parameters.map(([, p]) => parameterTensor(p)), ...floats.map(([, x]) => x)]);
  const names = [...parameters.map(([name]) => `gradient of ${name}`), ...floats.map(([site]) => `gradient at ${site}`)];
  const rank = new Map(topological(wrt).map((node, i) => [node, i]));
  const backward = names.map((name, i) => [name, wrt[i] as Tensor] as const);
  backward.sort(([, a], [, b]) => (rank.get(a.node) as number) - (rank.get(b.node) as number));
  return new Map([...floats, ['loss', loss], ...backward]);
}

/** The first value that is not finite, of the first batch that has one. */
async function firstBad(
  search: FaultSearch,
  pass: TracedPass,
  values: ReadonlyMap<string, Tensor>,
): Promise<{ readonly name: string; readonly batch: number } | undefined> {
  // x − x is 0 for all that is finite and NaN for all else, and NaN outlasts a sum.
  const probes = Object.fromEntries([...values].map(([name, x]) => [name, x.sub(x).sum()]));
  const program = await PassProgram.create(search, pass, probes);
  try {
    for (const [batch, tokens] of search.batches.entries()) {
      const results = await program.run(search.values, tokens, search.pass + batch);
      const name = [...values.keys()].find((n) => results[n]?.item() !== 0);
      if (name !== undefined) return { name, batch };
    }
    return undefined;
  } finally {
    await program.dispose();
  }
}

/** The error about the first element that is not finite. */
function notFinite(name: string, value: HostArray): HeadlightError | undefined {
  try {
    checkSites([[name, value]]);
    return undefined;
  } catch (error) {
    if (error instanceof HeadlightError) return error;
    throw error;
  }
}

/** The error about a parameter: not this step's doing. */
function brokenBefore(name: string, { got }: HeadlightError): HeadlightError {
  return fail('numeric', {
    where: 'check',
    path: name,
    rule: 'every parameter is finite',
    ...(got !== undefined && { got }),
    fix: 'An earlier update broke it: go on from a checkpoint before that, with a lower learning rate',
  });
}
