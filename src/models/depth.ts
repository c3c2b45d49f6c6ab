/** The parts of a model that come before its blocks, and after them, by their fields' names. */
const below = /(?:^|\.)(?:(?:tokens|positions|types|embedNorm|patches)\.|(?:classToken|distillationToken)$)/;
const above = /(?:^|\.)(?:norm|head|classHead|distillationHead|pooler)\./;
const block = /(?:^|\.)(?:blocks|layers)\.(0|[1-9]\d*)\./;

/**
 * How many layers parameters of these names make: one more than the highest block.
 * @example layerCount(model.parameters().keys())
 */
export function layerCount(names: Iterable<string>): number {
  let count = 0;
  for (const name of names) count = Math.max(count, Number(block.exec(name)?.[1] ?? -1) + 1);
  return count;
}

/**
 * The layer that a parameter belongs to, by the paths that all our models keep: `blocks.3.…` (`layers.3.…` of recurrent ones) is layer 3, embeddings are
 * layer −1, below all, the final norm and the head are layer `layers`, above all. So lr · decayᴸ⁻ˡ is the layer-wise rate of
 * ELECTRA (Clark et al. 2020, section 3.1) with L = layers. A head tied to the token embedding is the embedding.
 *
 * @param name a parameter's name, as `model.parameters()` gives it
 * @param layers how many layers the model has: `layerCount`
 * @returns −1 to `layers`, or undefined for a name that keeps to no such path
 */
export function layerOf(name: string, layers: number): number | undefined {
  const inside = block.exec(name)?.[1];
  if (inside !== undefined) return Number(inside);
  if (below.test(name)) return -1;
  return above.test(name) ? layers : undefined;
}
