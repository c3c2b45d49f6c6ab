import type { HostArray } from '../../core/index.js';
import type { Tensor } from '../../ops/index.js';
import type { ProgramOptions } from '../../runtime/index.js';
import { lowerProgram, Program } from '../../runtime/index.js';
import { type AttentionSite, attentionSites, idsOfStream } from '../attention-sites.js';
import type { Traced } from '../trace.js';
import type { HeadPattern } from './score.js';

/** What one text gave at one attention layer. */
export interface LayerSeen {
  readonly site: AttentionSite;
  /** The place of the text among all. */
  readonly text: number;
  /** One per head. */
  readonly patterns: readonly HeadPattern[];
  /** [H,T,D] and [K,S,D], where they were asked for. */
  readonly query?: HostArray;
  readonly key?: HostArray;
  /** The row of the batch that this text is. */
  readonly row: number;
}

/**
 * Runs a model on texts, one after another, and shows each layer's patterns: no more than one run's are held at a time.
 * Texts of the same sizes share a program.
 * @param options.vectors whether queries and keys are wanted too
 */
export async function readPatterns(
  traces: readonly Traced[],
  see: (seen: LayerSeen) => void,
  { vectors = false, ...engine }: ProgramOptions & { readonly vectors?: boolean } = {},
): Promise<void> {
  const programs = new Map<string, Program>();
  try {
    let text = 0;
    for (const traced of traces) {
      const sites = attentionSites(traced);
      const key = Object.values(traced.feeds)
        .map(({ shape }) => shape.join('x'))
        .join(' ');
      let program = programs.get(key);
      if (program === undefined) {
        program = await Program.create(lowerProgram(outputsOf(traced, sites, vectors), traced.inputs, engine), engine);
        programs.set(key, program);
      }
      const values = await program.run(traced.feeds);
      const rows = (Object.values(traced.feeds)[0] as HostArray).shape[0] as number;
      for (let row = 0; row < rows; row++, text++) {
        for (const site of sites) {
          const ofVectors = vectors && { query: values[`${site.path}.query`] as HostArray, key: values[`${site.path}.key`] as HostArray };
          see({ site, text, row, patterns: patternsOf(values[site.pattern] as HostArray, row, site, traced), ...ofVectors });
        }
      }
    }
  } finally {
    await Promise.all([...programs.values()].map((p) => p.dispose()));
  }
}

function outputsOf({ sites }: Traced, layers: readonly AttentionSite[], vectors: boolean): Record<string, Tensor> {
  const names = layers.flatMap(({ path, pattern }) => [pattern, ...(vectors ? [`${path}.query`, `${path}.key`] : [])]);
  return Object.fromEntries(names.map((name) => [name, sites.get(name) as Tensor]));
}

function patternsOf({ data, shape }: HostArray, row: number, { queries, keys }: AttentionSite, traced: Traced): HeadPattern[] {
  const [, heads, length, width] = shape as [number, number, number, number];
  const values = data as Float32Array;
  return Array.from({ length: heads }, (_, head) => {
    const from = (row * heads + head) * length * width;
    return {
      queries: length,
      keys: width,
      at: (q, k) => values[from + q * width + k] as number,
      queryIds: idsOfStream(traced, queries)?.[row],
      keyIds: idsOfStream(traced, keys)?.[row],
      isSelf: queries === keys,
    };
  });
}
