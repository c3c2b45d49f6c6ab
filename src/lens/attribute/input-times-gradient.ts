import type { HostArray } from '../../core/index.js';
import { gradients } from '../../grad/index.js';
import type { Tensor } from '../../ops/index.js';
import { type LensPrompt, type Looked, run, traceModel } from '../trace.js';
import { chooseLogits } from './chosen-logits.js';
import { attributionOf, embeddingsOf, type GradientAttributionOptions, type InputAttribution } from './embeddings.js';

/**
 * Gradient × input (Shrikumar et al. 2016): Σ_c x_c ∂logit/∂x_c of each embedding that enters the first layer (site `embed`), what a
 * linear model would owe to it.
 * @throws as `chooseLogits`; unsupported: a model without the site `embed`
 */
export async function inputTimesGradient(
  model: Looked,
  prompt: LensPrompt,
  { tokenizer, position, tokens, against, ...engine }: GradientAttributionOptions = {},
): Promise<InputAttribution> {
  const traced = traceModel(model, prompt, tokenizer);
  const embeds = embeddingsOf(traced);
  const { chosen, tokens: of } = await chooseLogits(traced, { position, tokens, against }, engine);
  const outputs: Record<string, Tensor> = {};
  chosen.forEach((logit, k) => {
    outputs[`logit ${k}`] = logit;
    gradients(logit, [...embeds.values()]).forEach((g, i) => {
      const x = [...embeds.values()][i] as Tensor;
      outputs[`by ${k} ${i}`] = g.mul(x).sum({ axis: -1 });
    });
  });
  const found = await run(traced, outputs, engine);
  const rows = of.map((_, k) => [...embeds].flatMap((_, i) => [...((found[`by ${k} ${i}`] as HostArray).data as Float32Array)]));
  return {
    attributions: attributionOf(of, embeds, rows),
    logits: Float64Array.from(of, (_, k) => (found[`logit ${k}`] as HostArray).item()),
  };
}
