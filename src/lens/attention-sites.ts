import type { Traced } from './trace.js';

/** A stream of the residual kind: a sequence of tokens or patches whose states go from layer to layer. */
export type Stream = 'tokens' | 'source' | 'target';

/** An attention layer as it runs: where its pattern is seen, and what its queries and keys are. */
export interface AttentionSite {
  /** The layer's path, such as `blocks.0.attention`. */
  readonly path: string;
  /** Its pattern's site. */
  readonly pattern: string;
  readonly queries: Stream;
  readonly keys: Stream;
}

/**
 * The attention layers of a traced model in the order of computation, those that form a pattern. In an encoder–decoder,
 * `encoder.…` runs over the source, `decoder.…` over the target, and cross-attention's keys are the source's.
 */
export function attentionSites({ sites, ids }: Pick<Traced, 'sites' | 'ids'>): AttentionSite[] {
  return [...sites].flatMap(([pattern, { shape }]): AttentionSite[] => {
    const path = /^(.*attention)\.pattern(?:#\d+)?$/.exec(pattern)?.[1];
    if (path === undefined || shape.length !== 4) return [];
    if (!('source' in ids)) return [{ path, pattern, queries: 'tokens', keys: 'tokens' }];
    const queries = path.startsWith('encoder.') ? 'source' : 'target';
    const keys = path.endsWith('cross_attention') ? 'source' : queries;
    return [{ path, pattern, queries, keys }];
  });
}

/** The token ids of a stream, row by row; undefined where it has none (patches). */
export function idsOfStream({ ids }: Pick<Traced, 'ids'>, stream: Stream): readonly (readonly number[])[] | undefined {
  return stream === 'tokens' ? ids.ids : ids[stream];
}
