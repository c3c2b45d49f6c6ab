import { HostArray } from '../core/index.js';
import { evaluationWindows, type TokenSequence } from '../datasets/index.js';
import type { LanguageModel } from '../models/index.js';
import type { Tensor } from '../ops/index.js';
import { checkSites, compile, type ProgramOptions, sitesOf } from '../runtime/index.js';
import { type EvaluateOptions, Evaluator, plainText, type StepOwner } from '../train/index.js';

/**
 * Runs a model over the windows of an evaluation, one by one since every site is kept, and looks at all it computes.
 *
 * @param ids [n] int32, n ≥ 2
 * @throws numeric: names the site and the element where the first NaN or infinity of the first bad window began
 */
export async function checkWindows(
  model: LanguageModel,
  ids: Int32Array | TokenSequence,
  { onProgress, ...options }: EvaluateOptions,
): Promise<void> {
  const everySite = compile((x: Tensor) => Object.fromEntries(sitesOf([model.forward(x)])), options);
  let done = 0;
  try {
    for await (const { inputs, length } of evaluationWindows(ids, model.context, 1)) {
      checkSites(Object.entries(await everySite(new HostArray(inputs, [1, length], 'int32'))));
      done += length;
      onProgress?.(done);
    }
  } finally {
    await everySite.dispose();
  }
}

/** The ONNX file of the first program that an evaluation would run; the parameters are inputs of it. */
export async function evaluationOnnx(model: LanguageModel, ids: Int32Array | TokenSequence, options: ProgramOptions): Promise<Uint8Array> {
  const programs: Uint8Array[] = [];
  // The evaluator hands its programs to an owner, which runs them: this one only keeps them.
  const keeper: Pick<StepOwner, 'run'> = {
    run: async ({ program }) => {
      if (program !== undefined) programs.push(program.onnx);
      return {};
    },
  };
  const evaluator = new Evaluator(model, plainText, options);
  const { rows, length } = evaluator.shape;
  await evaluator.evaluate(keeper, evaluationWindows(ids, length, rows));
  return programs[0] as Uint8Array;
}
