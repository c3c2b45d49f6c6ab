import type { Dim } from '../../../core/index.js';
import type { Tensor } from '../../../ops/index.js';
import type { AttentionLayer, ModelKind } from '../../protocol/index.js';

/**
 * The attentions of a model: every module whose pattern is a site of four axes, [B,H,T,S], in the order of computation.
 * Forms that never make a pattern, such as blockwise attention, have none to look at.
 */
export function attentionLayers(sites: ReadonlyMap<string, Tensor>, kind: ModelKind): AttentionLayer[] {
  const found = [...sites].flatMap(([name, { shape }]) => {
    const path = /^(.*attention)\.pattern$/.exec(name)?.[1];
    return path !== undefined && shape.length === 4 && typeof shape[1] === 'number' ? [{ path, heads: shape[1] }] : [];
  });
  // Encoder and decoder do not wait for each other until they meet: the encoder's come first, as people read them.
  const isOfEncoder = ({ path }: { readonly path: string }): boolean => path.startsWith('encoder.');
  const ordered = [...found.filter(isOfEncoder), ...found.filter((one) => !isOfEncoder(one))];
  return ordered.map(({ path, heads }, layer) => {
    const isCross = path.endsWith('cross_attention');
    const kvHeads: Dim | undefined = sites.get(`${path}.key`)?.shape[1];
    return {
      layer,
      path,
      kind: isCross ? 'cross' : 'self',
      heads,
      kvHeads: typeof kvHeads === 'number' ? kvHeads : heads,
      causal: kind === 'decoder' || (kind === 'translation' && path.startsWith('decoder.') && !isCross),
      hasScores: sites.get(`${path}.scores`)?.shape.length === 4,
    };
  });
}
