// How the comparison is shown: medians, their spread over rounds, and ratios round by round.

/** @param {readonly number[]} list */
export function median(list) {
  const sorted = list.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(at)] ?? Number.NaN) + (sorted[Math.ceil(at)] ?? Number.NaN)) / 2;
}

/**
 * @typedef {object} Figures
 * @property {readonly string[]} names the sides, ours first
 * @property {number} weightBytes as float32
 * @property {Record<string, readonly [number, number, number]>} tasks
 * @property {Record<string, Record<string, number[]>>} times milliseconds: a prompt's, or a token's
 * @property {Record<string, { firstMs: number[], peakMiB: number[] }>} cold
 * @property {readonly number[]} same greedy tokens from the first that are ours
 * @property {number} compared of so many
 */

/**
 * Prints a table of a model.
 * @param {string} model
 * @param {Figures} figures
 */
export function table(model, { names, weightBytes, tasks, times, cold, same, compared }) {
  const row = (/** @type {readonly (string | number)[]} */ cells) => console.log(`| ${cells.join(' | ')} |`);
  console.log(`\n${model}: ${(weightBytes / 4e6).toFixed(0)}M parameters, ${(weightBytes / 2 ** 20).toFixed(0)} MiB as float32\n`);
  row(['', ...names]);
  row(['---', ...names.map(() => '---')]);
  for (const [task, [length, count]] of Object.entries(tasks)) {
    const of = (/** @type {string} */ n) => times[task]?.[n] ?? [];
    const perSecond = (/** @type {number} */ ms) => (count === 1 ? (1000 * length) / ms : 1000 / ms);
    row([`${task}: tokens/s, median (slowest to fastest turn)`, ...names.map((n) => spread(of(n).map(perSecond)))]);
    row([
      `${task}: ours over it, turn by turn`,
      ...names.map((n) =>
        n === 'ours'
          ? ''
          : spread(
              of(n).map((ms, i) => ms / (of('ours')[i] ?? Number.NaN)),
              2,
            ),
      ),
    ]);
  }
  row(['cold start to the first token, ms', ...names.map((n) => spread(cold[n]?.firstMs ?? []))]);
  row(['most memory by 16 tokens, MiB', ...names.map((n) => spread(cold[n]?.peakMiB ?? []))]);
  const ratio = (/** @type {string} */ n) => (median(cold[n]?.peakMiB ?? []) * 2 ** 20) / weightBytes;
  row(['memory over float32 weights', ...names.map((n) => (cold[n] === undefined ? '' : ratio(n).toFixed(2)))]);
  row([`greedy tokens that are ours, of ${compared}`, ...same]);
}

/**
 * @param {readonly number[]} values
 * @param {number} [digits]
 */
function spread(values, digits = 0) {
  if (values.length === 0) return '';
  const text = (/** @type {number} */ x) => x.toFixed(digits);
  return `${text(median(values))} (${text(Math.min(...values))} to ${text(Math.max(...values))})`;
}
