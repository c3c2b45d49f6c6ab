/** [B][H][T][D] */
export type Heads = readonly (readonly (readonly (readonly number[])[])[])[];

/** Whether query t of head h of sequence b may attend to key s. */
export type Allowed = (b: number, h: number, t: number, s: number) => boolean;

/**
 * softmax(Q Kᵀ/√D) V for each head by its definition, over the keys that are allowed; zeros where none is.
 * @returns [B][T][H][D]
 */
export function naiveAttention(query: Heads, key: Heads, value: Heads, allowed: Allowed = () => true): number[][][][] {
  return query.map((heads, b) => {
    const perHead = heads.map((rows, h) =>
      rows.map((q, t) => {
        const scores = (key[b]?.[h] ?? []).map((k) => q.reduce((s, v, d) => s + v * (k[d] as number), 0) / Math.sqrt(q.length));
        const weights = scores.map((s, at) => (allowed(b, h, t, at) ? Math.exp(s) : 0));
        const total = weights.reduce((a, w) => a + w, 0);
        return q.map((_, d) => weights.reduce((a, w, s) => a + (total === 0 ? 0 : w / total) * (value[b]?.[h]?.[s]?.[d] as number), 0));
      }),
    );
    const length = perHead[0]?.length ?? 0;
    return Array.from({ length }, (_, t) => perHead.map((head) => head[t] as number[]));
  });
}
