import { HostArray } from '../../core/index.js';
import { sqrt } from '../../ops/index.js';
import type { ProgramOptions } from '../../runtime/index.js';
import type { Tokenizer } from '../../tokenizers/index.js';
import { LabelledArray } from '../labelled.js';
import { type LensPrompt, type Looked, run, traceModel } from '../trace.js';
import { streamSites } from './logit-lens.js';

/**
 * How long the residual stream is: ‖x‖₂ of each of its states at each place.
 * @returns [layer, row, position]: states as `logitLens` has them
 * @throws as `logitLens`
 */
export async function residualNorms(
  model: Looked,
  prompt: LensPrompt,
  { tokenizer, ...engine }: ProgramOptions & { readonly tokenizer?: Tokenizer | undefined } = {},
): Promise<LabelledArray> {
  const traced = traceModel(model, prompt, tokenizer);
  const layers = streamSites(traced);
  const norms = Object.fromEntries([...layers].map(([site, x]) => [site, sqrt(x.mul(x).sum({ axis: -1 }))]));
  const found = await run(traced, norms, engine);
  const [rows, length] = ([...layers.values()][0] as { shape: readonly unknown[] }).shape as [number, number];
  const counted = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
  const axes = [
    { name: 'layer', labels: [...layers.keys()] },
    { name: 'row', labels: counted(rows) },
    { name: 'position', labels: counted(length) },
  ];
  const data = Float32Array.from([...layers.keys()].flatMap((site) => [...((found[site] as HostArray).data as Float32Array)]));
  return new LabelledArray(axes, new HostArray(data, [layers.size, rows, length], 'float32'));
}
