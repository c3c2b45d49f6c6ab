import { fail, HostArray } from '../../core/index.js';
import { reachedGradients } from '../../grad/gradients.js';
import { asTensor, type Tensor } from '../../ops/index.js';
import type { ProgramOptions } from '../../runtime/index.js';
import type { Tokenizer } from '../../tokenizers/index.js';
import { LabelledArray } from '../labelled.js';
import { type LensPrompt, type Looked, run, type Traced, traceModel } from '../trace.js';
import { type ChosenLogits, chooseLogits, type LogitChoice } from './chosen-logits.js';
import { directPath } from './direct-path.js';

export interface DirectLogitOptions extends ProgramOptions, LogitChoice {
  readonly tokenizer?: Tokenizer | undefined;
  /** How finely: whole attention layers and MLPs, heads (MLPs whole), or MLP neurons (attention whole); components by default. */
  readonly by?: 'component' | 'head' | 'neuron';
}

/** What each part of a model adds to chosen logits. */
export interface DirectLogit {
  /**
   * [part, token]: sites, as `blocks.0.attention.output`, `blocks.0.attention.mixed[2]` (head 2) or `blocks.0.mlp.post[7]`
   * (neuron 7), and parameters that add the same everywhere, as `norm.bias`.
   */
  readonly contributions: LabelledArray;
  /** The logits, less that of `against`. */
  readonly logits: Float64Array;
  /** What contributions leave of them: rounding, or a path that is not linear. */
  readonly residual: Float64Array;
}

/** Which sites count as parts, by how finely is asked. */
const partSites = {
  component: /(?:^|\.)(?:embed|\w*attention\.output|mlp\.output)$/,
  head: /(?:^|\.)(?:embed|\w*attention\.mixed|mlp\.output)$/,
  neuron: /(?:^|\.)(?:embed|\w*attention\.output|mlp\.post)$/,
} as const;

/**
 * Direct logit attribution (Elhage et al. 2021, "logit attribution"; Wang et al. 2022): what each part of a model adds to a logit
 * by the residual stream alone, not through later parts. Logits are linear in what parts write once norms are frozen (see
 * `directPath`), so contributions add up to them; what is left is shown.
 * @throws unsupported: a model without logits, or without parts that write into a residual stream; shape, value: as `chooseLogits`
 * @example (await directLogit(model, 'The cat sat on the', { tokenizer, by: 'head' })).contributions
 */
export async function directLogit(model: Looked, prompt: LensPrompt, options: DirectLogitOptions = {}): Promise<DirectLogit> {
  const { tokenizer, by = 'component', position, tokens, against, ...engine } = options;
  if (!Object.hasOwn(partSites, by)) throw fail('value', { where: 'by', rule: 'component, head or neuron', got: JSON.stringify(by) });
  const traced = traceModel(model, prompt, tokenizer);
  const choice = await chooseLogits(traced, { position, tokens, against }, engine);
  return attributed(traced, choice, by, engine);
}

async function attributed(traced: Traced, choice: ChosenLogits, by: keyof typeof partSites, engine: ProgramOptions): Promise<DirectLogit> {
  const outputs: Record<string, Tensor> = {};
  const names = new Set<string>();
  choice.chosen.forEach((chosen, k) => {
    const { output, parts, biases } = directPath(chosen, (site) => partSites[by].test(site));
    outputs[`logit ${k}`] = output;
    if (parts.size < 2) {
      const rule = 'a model whose attention and MLPs write into a residual stream (sites attention.output, mlp.output)';
      throw fail('unsupported', { where: 'directLogit', rule, got: `${parts.size} that reach the logits` });
    }
    const sources = [...parts, ...biases];
    const found = reachedGradients(
      [output],
      [asTensor(1, output)],
      sources.map(([, x]) => x),
    );
    sources.forEach(([name, value], i) => {
      const gradient = found[i];
      if (gradient === undefined) return;
      outputs[`part ${k} ${name}`] = perUnit(gradient.mul(value), name);
      names.add(name);
    });
  });
  const values = await run(traced, outputs, engine);
  const labels: string[] = [];
  const rows: number[][] = [];
  for (const name of names) {
    const columns = choice.tokens.map((_, k) => values[`part ${k} ${name}`]?.data as Float32Array | undefined);
    const units = Math.max(...columns.map((c) => c?.length ?? 0));
    const isWhole = (values[`part 0 ${name}`] as HostArray).shape.length === 0;
    for (let unit = 0; unit < units; unit++) {
      labels.push(isWhole ? name : `${name}[${unit}]`);
      rows.push(columns.map((c) => c?.[unit] ?? 0));
    }
  }
  const logits = Float64Array.from(choice.tokens, (_, k) => (values[`logit ${k}`] as HostArray).item());
  const residual = logits.map((x, k) => x - rows.reduce((sum, row) => sum + (row[k] as number), 0));
  const axes = [
    { name: 'part', labels },
    { name: 'token', labels: choice.tokens },
  ];
  const contributions = new HostArray(Float64Array.from(rows.flat()), [labels.length, choice.tokens.length], 'float64');
  return { contributions: new LabelledArray(axes, contributions), logits, residual };
}

/** Summed over everything but heads or neurons, where the site has them. */
function perUnit(products: Tensor, name: string): Tensor {
  if (/attention\.mixed(?:#\d+)?$/.test(name)) return products.sum({ axis: [0, 1, 3] }); // [B,T,H,D]
  if (/mlp\.post(?:#\d+)?$/.test(name)) return products.sum({ axis: [0, 1] }); // [B,T,F]
  return products.sum();
}
