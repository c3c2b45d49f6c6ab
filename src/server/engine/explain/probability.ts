import { fail } from '../../../core/index.js';
import type { Address, Explanation, Factor } from '../../protocol/index.js';
import { Operands, shown } from './rule.js';
import { along, type Scene } from './scene.js';

/** The probability of a token after a position: softmax of the logits, which generation computes after the model's graph. */
export async function explainProbability(scene: Scene, address: Address): Promise<Explanation> {
  const { run } = scene;
  const logits = run.siteTensor('logits');
  const isPerToken = logits.shape.length === 3;
  const [position, token] = address.index as [number, number];
  const index = isPerToken ? [0, position, token] : [0, token];
  const [length, vocabulary] = [run.prepared.tokens.length, logits.shape.at(-1) as number];
  const inside = (n: number | undefined, size: number): boolean => Number.isInteger(n) && (n as number) >= 0 && (n as number) < size;
  if (address.index.length !== 2 || !inside(position, length) || !inside(token, vocabulary))
    throw fail('axis', { where: 'probability', rule: `[position, token] within [${length}, ${vocabulary}]`, got: `[${address.index}]` });
  const operands = new Operands(scene);
  const of = operands.factor({ symbol: 'z', place: { tensor: logits, index } });
  const over = operands.operand('z', along(logits, index, index.length - 1));
  await operands.load();
  const own: Factor = of();
  const row = over();
  const top = row.values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const value = Math.exp(own.value - top) / row.values.reduce((sum, z) => sum + Math.exp(z - top), 0);
  return {
    address,
    source: { at: 'probability', shape: [length, vocabulary], name: 'probability of the next token', kind: 'unnamed' },
    axes: ['position', 'token'],
    value,
    equation: { kind: 'softmax', of: own, over: row, masked: 0 },
    line: `p(${token}) = exp(${shown(own.value)}) / Σ exp(z) over ${vocabulary} = ${shown(value)}`,
    check: { computed: value, difference: 0 },
  };
}
