/** What docs/attention.md says of one form; declared beside it, so that the page cannot drift from the code. */
export interface FormDeclaration {
  /** The exported name. */
  readonly name: string;
  readonly formula: string;
  /** Authors, year, section or equation. */
  readonly paper: string;
  /** Over T queries and S keys (or T alone), heads of width D: `T·S·D`. */
  readonly time: string;
  /** What is held beyond inputs and outputs: `T·S`. */
  readonly memory: string;
  /** Whether it computes what its formula says, or an approximation of another. */
  readonly exact: boolean;
  /** `yes` by itself, `mask` with a causal mask, `no` cannot be. */
  readonly causal: 'yes' | 'mask' | 'no';
  /** Whether tokens can be added one by one from kept keys and values, at the same results. */
  readonly cacheable: boolean;
  /** What it is good for, in one sentence. */
  readonly use: string;
  /** From the root of the repository: `src/attention/scores/cosine.ts`. */
  readonly file: string;
}
