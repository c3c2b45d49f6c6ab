import { fail, globMatcher } from '../../core/index.js';
import type { Tensor } from '../../ops/index.js';
import { sitesOf } from '../../runtime/index.js';

/** The patterns of every attention, in whichever run of its module. */
const patterns = globMatcher('*attention.pattern,*attention.pattern#*');
/** The smallest normal float32: p · ln(max(p, this)) is 0 at p = 0, and p · ln p elsewhere. */
const smallest = 2 ** -126;

/**
 * How spread out each head attends: the entropy −Σₛ p ln p of its pattern's rows, the mean over batch and queries.
 * From 0 (every query attends to one place) to ln S (to all S places alike); a fully masked row counts as 0.
 * Heads whose entropy falls to 0 early go with unstable training (Zhai et al. 2023, "entropy collapse").
 *
 * @param outputs what a model's forward returns
 * @returns by site, such as `blocks.0.attention.pattern`: [H] float32, in nats; empty for a model without attention
 * @throws shape: a pattern that is not [B,H,T,S]
 */
export function attentionEntropies(outputs: readonly Tensor[]): Record<string, Tensor> {
  const entropies: Record<string, Tensor> = {};
  for (const [site, p] of sitesOf(outputs)) {
    if (!patterns(site)) continue;
    if (p.rank !== 4) throw fail('shape', { where: 'attention entropy', path: site, rule: 'a pattern [B,H,T,S]', got: `[${p.shape}]` });
    const rows = p.mul(p.maximum(smallest).log()).sum({ axis: 3 }).neg(); // [B,H,T]
    entropies[site] = rows.mean({ axis: [0, 2] });
  }
  return entropies;
}

/**
 * The entropies of one site under the names that metrics carry.
 * @param values [H], in nats
 * @example entropyMetrics('blocks.0.attention.pattern', [2.1, 0.3]) // { 'attention_entropy/blocks.0.head.0': 2.1, … }
 */
export function entropyMetrics(site: string, values: ArrayLike<number>): Record<`${string}/${string}`, number> {
  const path = site.replace(/(?:(?:^|\.)attention)?\.pattern(?=#|$)/, '');
  const prefix = path === '' ? 'head' : `${path}.head`;
  const metrics: Record<`${string}/${string}`, number> = {};
  for (let head = 0; head < values.length; head++) metrics[`attention_entropy/${prefix}.${head}`] = values[head] as number;
  return metrics;
}
