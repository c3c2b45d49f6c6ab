/** How values go to heights: evenly, or by their logarithms. */
export interface Axis {
  readonly low: number;
  readonly high: number;
  readonly log: boolean;
}

/** An axis over values; one value alone gets room on both sides. `log` needs values above 0. */
export function axisOver(values: readonly number[], log: boolean): Axis {
  const low = values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const high = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  if (low < high) return { low, high, log };
  const room = Math.abs(low) / 10 || 1;
  return { low: low - room, high: high + room, log };
}

/** Where a value lies on an axis: 0 at its low end, 1 at its high end. */
export function fraction({ low, high, log }: Axis, value: number): number {
  // Differences of logarithms: a quotient of the smallest and the largest numbers would be infinite.
  return log ? (Math.log(value) - Math.log(low)) / (Math.log(high) - Math.log(low)) : (value - low) / (high - low);
}

/** Round numbers on an axis, at most `most` of them: multiples of 1, 2 or 5 times a power of ten. None where it is too narrow for any. */
export function ticks(axis: Axis, most: number): number[] {
  return axis.log ? logarithmicTicks(axis, most) : evenTicks(axis, most);
}

function evenTicks({ low, high }: Axis, most: number): number[] {
  // Within what doubles hold: no finer than they tell numbers of this size apart, also where the range itself is beyond them.
  const apart = Math.ceil(Math.log10(Math.max(Math.abs(low), Math.abs(high)) * 1e-14));
  const finest = Math.min(300, Math.max(-300, apart, Math.floor(Math.log10((high - low) / most))));
  for (let power = finest; ; power++) {
    for (const digit of [1, 2, 5]) {
      const [first, last] = [Math.ceil(low / scaled(digit, power) - 1e-9), Math.floor(high / scaled(digit, power) + 1e-9)];
      const count = last - first + 1;
      if (count <= Math.max(1, most) && count >= 0) return Array.from({ length: count }, (_, i) => scaled((first + i) * digit, power));
    }
  }
}

/** The fullest of some rows of round numbers that is not too full. */
function logarithmicTicks({ low, high }: Axis, most: number): number[] {
  const [first, last] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
  const powers = Array.from({ length: last - first + 1 }, (_, i) => first + i);
  const row = (digits: readonly number[], every: number): number[] =>
    powers
      .filter((power) => power % every === 0)
      .flatMap((power) => digits.map((digit) => scaled(digit, power)))
      .filter((x) => x >= low * (1 - 1e-9) && x <= high * (1 + 1e-9));
  const rows = [row([1, 2, 5], 1), row([1, 3], 1), ...[1, 2, 3, 5, 10, 20, 50].map((every) => row([1], every))];
  return rows.find((r) => r.length <= most) ?? [];
}

/** digit · 10^power without the last digits' noise: 3e-1, not 0.30000000000000004. */
function scaled(digit: number, power: number): number {
  return power < 0 ? digit / 10 ** -power : digit * 10 ** power;
}

/** Numbers of one axis as short texts: 0.50 and 0.25, 10k and 2.5M, 1e-4. */
export function tickTexts({ log }: Axis, values: readonly number[]): string[] {
  const sizes = values.map(Math.abs).filter((size) => size > 0);
  const largest = Math.max(0, ...sizes);
  const exponential = (value: number): string =>
    value === 0 ? '0' : String(Number(value.toPrecision(4)).toExponential()).replace('+', '');
  if (log) return values.map((value) => (value < 1e-3 || value >= 1e4 ? exponential(value) : String(value)));
  if (largest < 1e-3 || largest >= 1e12) return values.map(exponential);
  const [unit, letter] = largest >= 1e9 ? [1e9, 'G'] : largest >= 1e6 ? [1e6, 'M'] : largest >= 1e4 ? [1e3, 'k'] : [1, ''];
  const texts = values.map((value) => String(Number((value / unit).toPrecision(6))));
  const decimals = Math.max(0, ...texts.map((text) => text.split('.')[1]?.length ?? 0));
  return values.map((value) => (value === 0 ? '0' : `${(value / unit).toFixed(decimals)}${letter}`));
}
