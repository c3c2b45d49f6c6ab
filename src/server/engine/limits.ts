/** Characters of a text: far beyond any context that can be looked at, far below what a tokenizer chokes on. */
export const mostCharacters = 200_000;
/** Tokens of a run: one head's pattern is then 64 MiB. */
export const mostTokens = 4096;
/** Bytes of a request: a photograph, or the vectors of some changes. */
export const mostRequestBytes = 32 * 2 ** 20;
/** Bytes of values that runs keep, of one model. */
export const keptBytes = 384 * 2 ** 20;
/** Bytes up to which all patterns and scores of a run are captured at once; beyond, each layer when it is looked at. */
export const atOnceBytes = 64 * 2 ** 20;
/** Programs that stay compiled, of one model. */
export const keptPrograms = 24;
/** Runs whose specification is kept: a run beyond is asked for anew. */
export const keptRuns = 100;
/** Bytes of weights of checkpoints, beside the model's own, that stay loaded while a run is scrubbed. */
export const keptWeightBytes = 512 * 2 ** 20;
