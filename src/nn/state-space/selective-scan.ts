import { type Dim, equalShapes, fail, formatShape } from '../../core/index.js';
import { concat, formatSpec, iota, ones, scan, type Tensor, zeros } from '../../ops/index.js';
import type { FormDeclaration } from '../form.js';
import { discretise, type InputRule } from './discretise.js';

/** What a selective state space is told of each token, besides its input. */
export interface SelectiveInputs {
  /** Δ [B,T,C], above 0: how long a token's step is. */
  readonly delta: Tensor;
  /** A [C,N], below 0, diagonal for each channel. */
  readonly a: Tensor;
  /** [B,T,N]: what of the state a token writes. */
  readonly b: Tensor;
  /** [B,T,N]: what of the state it reads. */
  readonly c: Tensor;
}

export interface SelectiveScanOptions {
  /** [B,C,N]; zeros by default. */
  readonly state?: Tensor | undefined;
  /** Tokens that are scanned at once, by doubling; 1, a plain loop, by default. Results are the same for any. */
  readonly chunk?: number | undefined;
  /** How inputs enter; by Euler's step, as Mamba's code has it, by default. */
  readonly rule?: InputRule | undefined;
}

/**
 * The recurrence of a selective state space (Gu and Dao 2023, Mamba, section 3.2, algorithm 2): h_t = exp(Δ_t A) ∘ h_{t−1} +
 * Δ_t B_t x_t, y_t = C_t·h_t, with Δ, B and C made of the tokens. Time is linear in T, and the state of fixed size.
 *
 * It never forms weights between tokens; those that it implies are `selectivePattern`.
 * @param x [B,T,C] @returns y [B,T,C], and the last state [B,C,N]
 * @throws shape: what does not fit; value: a chunk that is not a whole number from 1
 */
export function selectiveScan(
  x: Tensor,
  inputs: SelectiveInputs,
  { state, chunk = 1, rule = 'euler' }: SelectiveScanOptions = {},
): { readonly y: Tensor; readonly state: Tensor } {
  checkSelective(x, inputs, chunk);
  const [batch, length, channels] = x.shape as [Dim, number, Dim];
  const start = state ?? zeros([batch, channels, inputs.a.shape[1] as Dim], x.dtype);
  const size = chunk === 1 ? 1 : Math.min(chunk, length);
  const missing = chunk === 1 ? 0 : (size - (length % size)) % size;
  // Tokens of Δ = 0 after the last change nothing: Ā = 1, B̄ = 0.
  const none = [0, 0] as const;
  const pieces = [inputs.delta, inputs.b, inputs.c, x].map((s) => {
    const whole = missing === 0 ? s : s.pad([none, [0, missing], none]);
    const width = s.shape[2] as Dim;
    return chunk === 1
      ? whole.transpose([1, 0, 2])
      : whole.reshape([batch, (length + missing) / size, size, width]).transpose([1, 0, 2, 3]);
  });
  const { carries, outputs } = scan(
    ([h], [delta, b, c, now]) => {
      const { decay, input } = discretise(delta as Tensor, inputs.a, b as Tensor, now as Tensor, rule);
      if (chunk === 1) {
        const next = decay.mul(h as Tensor).add(input); // [B,C,N]
        return { carries: [next], outputs: [next.matmul((c as Tensor).unsqueeze(2)).squeeze(2)] };
      }
      const states = byDoubling(decay, input, h as Tensor, size); // [B,c,C,N]
      const y = states.matmul((c as Tensor).unsqueeze(3)).squeeze(3);
      return { carries: [states.slice([null, [size - 1, size]]).squeeze(1)], outputs: [y] };
    },
    [start],
    pieces,
  );
  const y = outputs[0] as Tensor;
  const last = carries[0] as Tensor;
  if (chunk === 1) return { y: y.transpose([1, 0, 2]), state: last };
  const rows = y.transpose([1, 0, 2, 3]).reshape([batch, length + missing, channels]);
  return { y: missing === 0 ? rows : rows.slice([null, [0, length]]), state: last };
}

/**
 * h_t = a_t ∘ h_{t−1} + u_t for all t of a chunk in log₂ c passes: pairs (a, u) join as (a₂ a₁, a₂ u₁ + u₂), each pass those
 * twice as far apart (Hillis and Steele 1986). No quotient of decays is formed, so nothing overflows.
 * @param decay, input [B,c,C,N] @param before [B,C,N] @returns [B,c,C,N]
 */
function byDoubling(decay: Tensor, input: Tensor, before: Tensor, size: number): Tensor {
  let [a, u] = [decay, input];
  const rest = (x: Tensor, shift: number): Tensor => x.slice([null, [0, size - shift]]);
  for (let shift = 1; shift < size; shift *= 2) {
    const head: readonly Dim[] = [decay.shape[0] as Dim, shift, ...decay.shape.slice(2)];
    u = a.mul(concat([zeros(head, u.dtype), rest(u, shift)], 1)).add(u);
    a = a.mul(concat([ones(head, a.dtype), rest(a, shift)], 1));
  }
  return u.add(a.mul(before.unsqueeze(1)));
}

/**
 * The weights that a selective scan implies: y_t = Σ_s w_ts x_s in each channel, w_ts = Σ_n C_tn exp(A_n Σ_{s<k≤t} Δ_k) B̄_sn for
 * s ≤ t (Ali et al. 2024, "The hidden attention of Mamba models", eq. 12; for looking: T²·C·N of them are made).
 * @returns [B,C,T,T]
 */
export function selectivePattern(inputs: SelectiveInputs, rule: InputRule = 'euler'): Tensor {
  const { delta, a, b, c } = inputs;
  checkSelective(delta, inputs, 1);
  const [batch, length, channels] = delta.shape as [Dim, Dim, Dim];
  const since = delta.cumsum(1).transpose([0, 2, 1]); // [B,C,T]
  const between = since.unsqueeze(3).sub(since.unsqueeze(2)); // Σ_{s<k≤t} Δ_k, [B,C,T,T]
  const places = earlierPlaces(length).cast(delta.dtype);
  const lasting = between
    .mul(places)
    .unsqueeze(4)
    .mul(a.reshape([1, channels, 1, 1, a.shape[1] as Dim]))
    .exp(); // [B,C,T,T,N]
  const written = discretise(delta, a, b, ones([batch, length, channels], delta.dtype), rule)
    .input.transpose([0, 2, 1, 3])
    .unsqueeze(2);
  const read = c.unsqueeze(1).unsqueeze(3); // [B,1,T,1,N]
  return lasting.mul(written).mul(read).sum({ axis: 4 }).mul(places);
}

/** s ≤ t: [T,T] bool. */
function earlierPlaces(length: Dim): Tensor {
  return iota(length)
    .reshape([length, 1])
    .greaterEqual(iota(length).reshape([1, length]));
}

function checkSelective(x: Tensor, { delta, a, b, c }: SelectiveInputs, chunk: number): void {
  const refuse = (code: 'shape' | 'value', rule: string, got: string): Error => fail(code, { where: 'selective scan', rule, got });
  if (!Number.isInteger(chunk) || chunk < 1) throw refuse('value', 'chunk: a whole number from 1', String(chunk));
  if (x.rank !== 3 || a.rank !== 2) throw refuse('shape', 'x [B,T,C] and A [C,N]', `${formatSpec(x)} and ${formatSpec(a)}`);
  if (chunk > 1 && typeof x.shape[1] !== 'number')
    throw refuse('shape', 'a length that is known when it is traced, in chunks', formatSpec(x));
  const [batch, length, channels] = x.shape as [Dim, Dim, Dim];
  const state = a.shape[1] as Dim;
  const wanted = { delta: [batch, length, channels], a: [channels, state], b: [batch, length, state], c: [batch, length, state] };
  for (const [name, given] of Object.entries({ delta, a, b, c })) {
    const want = wanted[name as keyof typeof wanted];
    if (!equalShapes(given.shape, want)) throw refuse('shape', `${name} ${formatShape(want)}`, formatSpec(given));
  }
}

export const selectiveScanForm: FormDeclaration = {
  name: 'selectiveScan',
  formula: 'h_t = exp(Δ_t A) ∘ h_{t−1} + Δ_t B_t x_t, y_t = C_t·h_t',
  paper: 'Gu and Dao 2023 (Mamba), section 3.2',
  time: 'T·C·N',
  memory: 'T·C·N for gradients, C·N for generation',
  exact: true,
  causal: 'yes',
  cacheable: false,
  use: 'A state of fixed size that chooses, token by token, what it keeps.',
  file: 'src/nn/state-space/selective-scan.ts',
};
