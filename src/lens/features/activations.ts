import { fail, HostArray } from '../../core/index.js';
import type { Tensor } from '../../ops/index.js';
import { lowerProgram, Program, type ProgramOptions, selectSites } from '../../runtime/index.js';
import type { Tokenizer } from '../../tokenizers/index.js';
import { axesOf } from '../roles.js';
import { type LensPrompt, type Looked, traceModel } from '../trace.js';

/** Values of a site, a row for each token of each text, and where each was taken. */
export interface Activations {
  /** [N,C] float32; of `mixed` sites, C is heads × width. */
  readonly values: HostArray;
  /** By row: which text, and which token of it. */
  readonly texts: Int32Array;
  readonly positions: Int32Array;
  /** By row, the id of the token there; −1 for patches. */
  readonly ids: Int32Array;
}

/**
 * Runs a model on prompts and keeps one site's values.
 * @throws name: a site that is not there; unsupported: one that has no row per token, such as a pattern; and as `traceModel`
 */
export async function activationsAt(
  model: Looked,
  prompts: readonly LensPrompt[],
  site: string,
  { tokenizer, ...engine }: ProgramOptions & { readonly tokenizer?: Tokenizer | undefined } = {},
): Promise<Activations> {
  const programs = new Map<string, Program>();
  const found: {
    readonly values: Float32Array;
    readonly rows: number;
    readonly length: number;
    readonly ids: readonly (readonly number[])[];
  }[] = [];
  let width = 0;
  try {
    for (const prompt of prompts) {
      const traced = traceModel(model, prompt, tokenizer);
      const key = Object.values(traced.feeds)
        .map(({ shape }) => shape.join('x'))
        .join(' ');
      let program = programs.get(key);
      if (program === undefined) {
        program = await Program.create(lowerProgram({ values: only(traced.sites, site) }, traced.inputs, engine), engine);
        programs.set(key, program);
      }
      const { data, shape } = (await program.run(traced.feeds)).values as HostArray;
      const [rows, length, ...rest] = shape as [number, number, ...number[]];
      width = rest.reduce((a, b) => a * b, 1);
      const ids = traced.ids.ids ?? (site.startsWith('encoder.') ? traced.ids.source : traced.ids.target) ?? [];
      found.push({ values: data as Float32Array, rows, length, ids });
    }
  } finally {
    await Promise.all([...programs.values()].map((p) => p.dispose()));
  }
  const count = found.reduce((n, { rows, length }) => n + rows * length, 0);
  if (count === 0) throw fail('value', { where: 'activations', rule: 'at least one prompt', got: 'none' });
  const values = new Float32Array(count * width);
  const [texts, positions, ids] = [new Int32Array(count), new Int32Array(count), new Int32Array(count).fill(-1)];
  let at = 0;
  let text = 0;
  for (const part of found) {
    values.set(part.values, at * width);
    for (let row = 0; row < part.rows; row++, text++) {
      for (let position = 0; position < part.length; position++, at++) {
        texts[at] = text;
        positions[at] = position;
        ids[at] = part.ids[row]?.[position] ?? -1;
      }
    }
  }
  return { values: new HostArray(values, [count, width], 'float32'), texts, positions, ids };
}

function only(sites: ReadonlyMap<string, Tensor>, site: string): Tensor {
  const chosen = selectSites(sites, site);
  const [[name, value] = []] = [...chosen];
  if (chosen.size !== 1 || name === undefined || value === undefined)
    throw fail('name', { where: 'activations', rule: 'one site', got: `${chosen.size} that match ${JSON.stringify(site)}` });
  if (axesOf(name, value.rank)?.[1] === 'position') return value;
  const fix = 'Take residual.post, mlp.post, attention.mixed or an output';
  throw fail('unsupported', {
    where: 'activations',
    path: name,
    rule: 'a site with a row for each token, [B,T,…]',
    got: `[${value.shape}]`,
    fix,
  });
}
