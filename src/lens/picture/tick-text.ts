/** A number of the legend, to two significant digits, with a true minus sign. */
export function tickText(weight: number): string {
  return String(Number(weight.toPrecision(2))).replace('-', '−');
}
