import { type Dim, equalShapes, fail } from '../../core/index.js';
import { defineOp, type OpSpec } from '../declare.js';
import { evaluate } from '../evaluate.js';
import { type RefArray, ref } from '../reference.js';
import { formatSpec, type Spec } from '../spec.js';
import { apply, makeNode, type Tensor } from '../tensor.js';
import { closeBody, type ScanAttrs, type ScanBody, scanValue } from './scan-body.js';
import { scanGradient } from './scan-gradient.js';

export const scanOp: OpSpec<ScanAttrs> = defineOp<ScanAttrs>({
  name: 'scan',
  doc: '(c_{t+1}, y_t) = f(c_t, x_t, w): the last carries, and the outputs of all steps stacked along a first axis.',
  inputs: ['carry or sequence or captured...'],
  infer: ({ inputs, attrs: { body }, refuse }) => {
    const { carries, sequences, params, outputs } = body;
    const length = inputs[carries]?.shape[0];
    if (inputs.length !== params.length || length === undefined)
      throw refuse(`${params.length} inputs, at least one of them a sequence, are expected`);
    inputs.forEach((x, i) => {
      const isSequence = i >= carries && i < carries + sequences;
      const shape = isSequence ? x.shape.slice(1) : x.shape;
      const param = params[i] as Tensor;
      if (x.dtype !== param.dtype || !equalShapes(shape, param.shape)) throw refuse(`a step takes ${formatSpec(param)}`);
    });
    return outputs.map(({ shape, dtype }, i) => (i < carries ? { shape, dtype } : { shape: [length, ...shape], dtype }));
  },
  vjp: (c) => scanGradient(c, { extend: extendedOutputs, scan: (inputs, attrs) => apply(scanOp, inputs, attrs) }),
  order: 'any',
  lower: (e, { attrs: { body, reverse }, inputs, used }) => e.scan(body, { inputs, used, reverse }),
  reference: (inputs, { body, reverse }) => {
    const { carries, sequences, params, outputs } = body;
    const length = inputs[carries]?.shape[0] as number;
    let state = inputs.slice(0, carries);
    const stacked: RefArray[][] = outputs.slice(carries).map(() => []);
    for (let step = 0; step < length; step++) {
      const t = reverse ? length - 1 - step : step;
      const slices = inputs.slice(carries, carries + sequences).map((x) => sliceOf(x, t));
      const given = [...state, ...slices, ...inputs.slice(carries + sequences)];
      const results = evaluate(outputs, new Map(params.map((p, i) => [p, given[i] as RefArray])));
      state = results.slice(0, carries);
      results.slice(carries).forEach((y, k) => {
        (stacked[k] as RefArray[])[t] = y;
      });
    }
    return [...state, ...stacked.map(stack)];
  },
  // A step's shapes and dtypes are its own: programs that build one stand for cases.
  cases: [],
});

function sliceOf(x: RefArray, t: number): RefArray {
  const shape = x.shape.slice(1);
  const size = shape.reduce((a, b) => a * b, 1);
  return { shape, data: x.data.subarray(t * size, (t + 1) * size) };
}

function stack(steps: readonly RefArray[]): RefArray {
  const shape = steps[0]?.shape ?? [];
  const size = shape.reduce((a, b) => a * b, 1);
  return ref([steps.length, ...shape], (_, flat) => (steps[Math.floor(flat / size)] as RefArray).data[flat % size] as number);
}

/**
 * The same scan that also stacks other values of its steps. It computes what the first computes, and a pass makes one scan
 * of both, so that asking for a value later costs nothing twice.
 * @returns the added values, each [T,…]
 */
export function extendedOutputs(scan: Tensor['node'], added: readonly Tensor[]): readonly Tensor[] {
  const attrs = scan.attrs as unknown as ScanAttrs;
  const body: ScanBody = { ...attrs.body, outputs: [...attrs.body.outputs, ...added] };
  const length = scan.inputs[body.carries]?.shape[0] as Dim;
  const specs: readonly Spec[] = [...scan.outputs, ...added.map(({ shape, dtype }) => ({ shape: [length, ...shape], dtype }))];
  return makeNode(scan.op, scan.inputs, { ...attrs, body }, specs, scan.path).outputs.slice(scan.outputs.length);
}

/** What a step returns. */
export interface ScanStep {
  /** The carries of the next step, like those it was given. */
  readonly carries: readonly Tensor[];
  /** What is stacked over the steps. */
  readonly outputs: readonly Tensor[];
}

export interface ScanOptions {
  /** From the last step to the first. */
  readonly reverse?: boolean;
  /**
   * How gradients of what a step captures are summed. By default products of rows are stacked and multiplied once after the
   * loop, which is right for many small steps; carried from step to step, few large ones take no memory for them.
   */
  readonly carrySums?: boolean;
}

/**
 * A loop whose steps follow each other: (carries, outputs) = step(carries, slices), over the first axis of the sequences.
 * The step is traced once, whatever the length. It may use any tensor of the program around it; taps inside it are sites,
 * stacked along a first axis. A dropout mask inside it is one mask for all steps (Gal and Ghahramani 2016).
 * @param carries what the first step is given
 * @param sequences [T,…] each, of one T; at least one
 * @returns the last carries; the outputs, [T,…] each, in the order of the sequences also when `reverse`
 * @throws shape: no sequence, sequences of different lengths, carries that change shape
 * @example const { outputs: [sums] } = scan(([c], [x]) => ({ carries: [c.add(x)], outputs: [c.add(x)] }), [zero], [xs])
 */
export function scan(
  step: (carries: readonly Tensor[], slices: readonly Tensor[]) => ScanStep,
  carries: readonly Tensor[],
  sequences: readonly Tensor[],
  options: ScanOptions = {},
): { readonly carries: readonly Tensor[]; readonly outputs: readonly Tensor[] } {
  const length = sequences[0]?.shape[0];
  const odd = sequences.find((x) => x.rank === 0 || !equalShapes([x.shape[0] as Dim], [length as Dim]));
  if (length === undefined || odd !== undefined) {
    const got = odd === undefined ? 'none' : sequences.map(formatSpec).join(', ');
    throw fail('shape', { where: 'scan', rule: 'sequences of one length along their first axis', got });
  }
  const given = [...carries.map(scanValue), ...sequences.map((x) => scanValue({ shape: x.shape.slice(1), dtype: x.dtype }))];
  const result = step(given.slice(0, carries.length), given.slice(carries.length));
  const fits = result.carries.length === carries.length && result.carries.every((c, i) => sameSpec(c, carries[i] as Tensor));
  if (!fits) {
    const got = result.carries.map(formatSpec).join(', ');
    throw fail('shape', { where: 'scan', rule: `carries like those given, ${carries.map(formatSpec).join(', ')}`, got });
  }
  const open: ScanBody = {
    params: given,
    carries: carries.length,
    sequences: sequences.length,
    outputs: [...result.carries, ...result.outputs],
  };
  const { body, captured } = closeBody(open);
  const outputs = apply(scanOp, [...carries, ...sequences, ...captured], {
    body,
    reverse: options.reverse ?? false,
    carrySums: options.carrySums ?? false,
  });
  return { carries: outputs.slice(0, carries.length), outputs: outputs.slice(carries.length) };
}

function sameSpec(a: Spec, b: Spec): boolean {
  return a.dtype === b.dtype && equalShapes(a.shape, b.shape);
}
