import { type Dim, fail } from '../../core/index.js';
import { cast, formatSpec, iota, scan, type Tensor, where } from '../../ops/index.js';

/** How a sequence is gone through. */
export interface RecurrentOptions {
  /** [B] int32: how many steps of each row count. Past them a row's state stays as it was, and its outputs are zero. */
  readonly lengths?: Tensor | undefined;
  /** From the last step to the first. A row's steps past its length are passed over, so that it begins at its own end. */
  readonly reverse?: boolean | undefined;
}

/** What a recurrent network returns. */
export interface RecurrentResult {
  /** [T,B,H], the hidden state after each step. */
  readonly outputs: Tensor;
  /** What the last step leaves; the hidden state, [B,H], first. */
  readonly state: readonly Tensor[];
}

/**
 * A state that is carried from step to step: s_t = step(s_{t−1}, x_t).
 * @param initial [B,…] each; the hidden state first @param sequences [T,B,…] each
 * @throws shape, dtype: lengths that are not [B] int32
 */
export function recur(
  step: (state: readonly Tensor[], slices: readonly Tensor[]) => readonly Tensor[],
  initial: readonly Tensor[],
  sequences: readonly Tensor[],
  { lengths, reverse = false }: RecurrentOptions = {},
): RecurrentResult {
  const [length, batch] = (sequences[0] as Tensor).shape as [Dim, Dim];
  if (lengths === undefined) {
    const { carries, outputs } = scan(
      (state, slices) => {
        const next = step(state, slices);
        return { carries: next, outputs: [next[0] as Tensor] };
      },
      initial,
      sequences,
      { reverse },
    );
    return { outputs: outputs[0] as Tensor, state: carries };
  }
  if (lengths.rank !== 1 || lengths.dtype !== 'int32') {
    throw fail(lengths.dtype === 'int32' ? 'shape' : 'dtype', {
      where: 'recurrent network',
      rule: `lengths [B=${batch}] int32, the steps of each row that count`,
      got: formatSpec(lengths),
    });
  }
  const counts = iota(length)
    .reshape([length, 1, 1])
    .less(lengths.reshape([1, batch, 1])); // [T,B,1]
  const { carries, outputs } = scan(
    (state, slices) => {
      const goesOn = slices.at(-1) as Tensor;
      const next = step(state, slices.slice(0, -1));
      const kept = next.map((s, i) => where(goesOn, s, state[i] as Tensor));
      const hidden = next[0] as Tensor;
      return { carries: kept, outputs: [hidden.mul(cast(goesOn, hidden.dtype))] };
    },
    initial,
    [...sequences, counts],
    { reverse },
  );
  return { outputs: outputs[0] as Tensor, state: carries };
}
