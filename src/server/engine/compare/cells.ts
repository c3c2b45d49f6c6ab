import { fail, HostArray } from '../../../core/index.js';
import type { AttentionLayer, SweepBy, SweepCell } from '../../protocol/index.js';
import type { Run } from '../run/run.js';

/** A part of a model: a head, a layer's stream at a position, or a head at a position. */
export type Cell = Pick<SweepCell, 'layer' | 'head' | 'position'>;

/** What a sweep goes over: sites by layer, and the parts of them. */
export interface SweepPlan {
  /** By layer. */
  readonly sites: readonly string[];
  readonly cells: readonly Cell[];
  /** Of the result. */
  readonly shape: readonly number[];
  /** What the lens calls the axes of a result, and the sites. */
  readonly by: readonly ('layer' | 'head' | 'position')[];
  readonly glob: string;
}

/** @throws unsupported: a model without such sites */
export function planOf(run: Run, by: SweepBy): SweepPlan {
  const tokens = run.prepared.tokens.length;
  if (by !== 'head' && run.prepared.source !== undefined)
    throw fail('unsupported', { where: 'sweep', rule: 'whole heads, of a model whose sites are of two texts', got: `by ${by}` });
  const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
  if (by === 'layer-position') {
    const sites = [...run.graph.sites.keys()].filter((name) => /(?:^|\.)residual\.post$/.test(name));
    if (sites.length === 0) throw fail('unsupported', { where: 'sweep', rule: 'a model with a residual stream', got: 'none' });
    const cells = sites.flatMap((_, layer) => range(tokens).map((position) => ({ layer, position })));
    return { sites, cells, shape: [sites.length, tokens], by: ['layer', 'position'], glob: '*residual.post' };
  }
  const layers = run.attention;
  const heads = layers[0]?.heads ?? 0;
  if (layers.length === 0 || layers.some((layer) => layer.heads !== heads))
    throw fail('unsupported', { where: 'sweep', rule: 'layers of attention with as many heads each', got: `${layers.length} layers` });
  const sites = layers.map(({ path }: AttentionLayer) => `${path}.mixed`);
  const glob = '*attention.mixed';
  const perHead = layers.flatMap(({ layer }) => range(heads).map((head) => ({ layer, head })));
  if (by === 'head') return { sites, cells: perHead, shape: [layers.length, heads], by: ['layer', 'head'], glob };
  const cells = perHead.flatMap((cell) => range(tokens).map((position) => ({ ...cell, position })));
  return { sites, cells, shape: [layers.length, heads, tokens], by: ['layer', 'head', 'position'], glob };
}

/** Which part of a site each row of a batch changes: [B,T,H,1] of what heads mixed, [B,T,1] of the stream. */
export function maskOf(
  cells: readonly Cell[],
  layer: number,
  rows: number,
  [, tokens, heads]: readonly number[],
  hasHeads: boolean,
): HostArray {
  const width = hasHeads ? (heads as number) : 1;
  const size = (tokens as number) * width;
  const mask = new Uint8Array(rows * size);
  cells.forEach((cell, row) => {
    if (cell.layer !== layer) return;
    for (let t = 0; t < (tokens as number); t++) {
      if (cell.position !== undefined && cell.position !== t) continue;
      for (let h = 0; h < width; h++) if (cell.head === undefined || cell.head === h) mask[row * size + t * width + h] = 1;
    }
  });
  const shape = hasHeads ? [rows, tokens as number, width, 1] : [rows, tokens as number, 1];
  return new HostArray(mask, shape, 'bool');
}
