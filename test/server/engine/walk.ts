import type { Address, Equation, Explanation } from '#dist/server/protocol/index.js';
import type { openFixture } from './opened.js';

type Ask = Awaited<ReturnType<typeof openFixture>>['ask'];

/** Follows operands back, the first and the last of each sum, so that every kind of step is met. */
export async function walk(ask: Ask, run: string, from: Address, most: number): Promise<Explanation[]> {
  const seen = new Map<string, Explanation>();
  const open = [from];
  while (open.length > 0 && seen.size < most) {
    const address = open.shift() as Address;
    const key = JSON.stringify(address);
    if (seen.has(key)) continue;
    const explanation = await ask('explain', { run, address });
    seen.set(key, explanation);
    open.push(...operandsOf(explanation.equation));
  }
  return [...seen.values()];
}

function operandsOf(equation: Equation): Address[] {
  const factors = (list: readonly ({ readonly address?: Address } | undefined)[]): Address[] => list.flatMap((f) => f?.address ?? []);
  switch (equation.kind) {
    case 'softmax':
      return factors([equation.of]);
    case 'sum-of-products':
      return [
        ...equation.operands.flatMap(({ source, flat }) => [{ at: source.at, index: unflat(flat.at(-1) as number, source.shape) }]),
        ...factors([equation.plus]),
      ];
    case 'parts':
      return factors(equation.parts);
    case 'norm':
      return factors([equation.of, equation.weight, equation.bias]);
    case 'function':
      return factors(equation.arguments);
    case 'lookup':
      return factors([equation.table]);
    default:
      return [];
  }
}

function unflat(flat: number, shape: readonly number[]): number[] {
  return shape.reduceRight<{ index: number[]; rest: number }>(
    ({ index, rest }, size) => ({ index: [rest % size, ...index], rest: Math.floor(rest / size) }),
    { index: [], rest: flat },
  ).index;
}
