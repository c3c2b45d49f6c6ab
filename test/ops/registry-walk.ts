import { type Op, registry } from '#dist/ops/index.js';
import { engineJob, engineProblems, type RunEngine, targets } from './engine-check.js';
import { gradientProblems } from './gradient-check.js';
import { programsOf } from './sample-programs.js';
import { type Trial, trialsOf } from './trials.js';

/** Leaves whose values come from outside a graph, or from the loop around it, have no cases: whoever feeds them is tested instead. */
export const withoutCases: ReadonlySet<string> = new Set(['input', 'parameter', 'scan_value']);

/** Every op there is but those without cases or programs. */
export function opsToWalk(): Op[] {
  return [...registry().values()].filter((op) => !withoutCases.has(op.name));
}

export function trialsFor(op: Op, seeds: readonly number[]): Trial[] {
  return trialsOf(op, seeds, programsOf(op.name));
}

/** What is written down about an op: a sentence, a case. */
export function declarationProblems(op: Op): string[] {
  const said = /^\S.*[.:)]$/.test(op.doc) ? [] : [`${op.name}: its doc is a sentence`];
  return op.cases.length > 0 || programsOf(op.name).length > 0 || withoutCases.has(op.name)
    ? said
    : [...said, `${op.name}: it has no cases`];
}

/** Declared shapes and dtypes against the float64 references. */
export function referenceProblems(op: Op): string[] {
  return op.cases.flatMap(({ attrs, inputs }, c) => {
    const specs = inputs.map((x) => ({ shape: x.shape, dtype: x.dtype ?? 'float32' }) as const);
    const declared = op.infer({ inputs: specs, attrs, path: '', refuse: (rule) => new Error(rule) as never });
    const trial = trialsOf({ ...op, cases: [{ attrs, inputs }] }, [1])[0] as Trial;
    const values = trial.values.map((v) => ({ shape: v.shape, data: Float64Array.from(v.data as Float32Array) }));
    return op.reference(values, attrs).flatMap((y, i) => {
      const shape = declared[i]?.shape;
      return `${shape}` === `${y.shape}` ? [] : [`${op.name}, case ${c}: declared [${shape}], the reference gives [${y.shape}]`];
    });
  });
}

/**
 * Everything that is checked of an op, in order of cost; stops at the first thing that is found.
 * @param rules those of the op that may be wrong: what reads none of them is not checked
 * @returns what is wrong, empty when nothing is
 */
export async function walk(op: Op, seeds: readonly number[], run: RunEngine, rules?: readonly string[]): Promise<string[]> {
  // How an op is lowered is nothing to its declaration, reference and gradients.
  const onlyLowered = rules?.every((rule) => rule === 'lower') === true;
  const parts: (() => string[] | Promise<string[]>)[] = [
    ...(onlyLowered
      ? []
      : [
          () => declarationProblems(op),
          () => referenceProblems(op),
          ...trialsFor(op, seeds).map((trial) => () => gradientProblems(trial, op.order)),
        ]),
    ...Object.entries(targets).map(
      ([name, target]) =>
        () =>
          engineProblems(engineJob(`${op.name} (${name})`, trialsFor(op, seeds), target), run),
    ),
  ];
  for (const part of parts) {
    const problems = await attempt(part);
    if (problems.length > 0) return problems;
  }
  return [];
}

/** A rule that throws is a problem, not the end of the walk. */
async function attempt(part: () => string[] | Promise<string[]>): Promise<string[]> {
  try {
    return await part();
  } catch (error) {
    return [(error as Error).message];
  }
}
