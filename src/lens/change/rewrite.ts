import { type Dim, equalShapes, fail, type Shape } from '../../core/index.js';
import { extendedOutputs, scanOp } from '../../ops/control/scan.js';
import { closeBody, type ScanAttrs, scanValue } from '../../ops/control/scan-body.js';
import { type TapAttrs, tapOp } from '../../ops/control/tap.js';
import { topological } from '../../ops/graph.js';
import { formatSpec, type Node, type Tensor, withPath } from '../../ops/index.js';
import { applyOne, makeNode } from '../../ops/tensor.js';
import { siteNames } from '../../runtime/index.js';

/** What becomes of a site's value. */
export interface SiteEdit {
  /** What it is called in errors. */
  readonly name: string;
  /** Arrays that it reads, of as many axes as the site's value, which they broadcast to. Of a loop's steps, each is given its own part. */
  readonly arrays: readonly Tensor[];
  /** @returns the new value, like the old one */
  apply(value: Tensor, arrays: readonly Tensor[]): Tensor;
}

/** A site as a rewriting finds it. */
export interface FoundSite {
  readonly name: string;
  readonly shape: Shape;
  /** Whether it is of the steps of a loop, stacked. */
  readonly stacked: boolean;
}

/** What is done to a site, in this order. */
export type EditsOf = (site: FoundSite) => readonly SiteEdit[];

/** A graph whose sites were changed. */
export interface Rewritten {
  readonly outputs: readonly Tensor[];
  /** Every site, also those that nothing depends on any more, with the value that was put there; in the order of computation. */
  readonly sites: ReadonlyMap<string, { readonly value: Tensor; readonly stacked: boolean }>;
}

/** Identities that say how their arguments are differentiated: over what was traced, or by other means than the visible graph. */
const detours = new Set(['recomputed', 'reversible']);

/**
 * A traced graph anew, with the values of its sites changed, in loops' steps too. The changed value carries the tap, so that
 * whoever looks at the site sees what was put there. Gradients pass through every site: what a model computes again for its
 * backward pass, or takes back, is kept instead.
 * @throws shape: an edit that makes another shape or dtype of a value
 */
export function rewriteSites(outputs: readonly Tensor[], editsOf: EditsOf): Rewritten {
  const sites = new Map<string, { value: Tensor; stacked: boolean }>();
  const { outputs: rewritten, taps } = walk(outputs, { editsOf, nameOf: siteNames(), steps: [] });
  for (const { name, value, stacked } of taps) sites.set(name, { value, stacked });
  return { outputs: rewritten, sites };
}

interface Walk {
  readonly editsOf: EditsOf;
  readonly nameOf: (site: string) => string;
  /** Lengths of the loops around, outermost first. */
  readonly steps: readonly Dim[];
}

interface Tapped {
  readonly name: string;
  readonly value: Tensor;
  readonly stacked: boolean;
}

function walk(outputs: readonly Tensor[], context: Walk): { outputs: readonly Tensor[]; taps: readonly Tapped[] } {
  const become = new Map<Tensor, Tensor>();
  const resolve = (t: Tensor): Tensor => become.get(t) ?? t;
  const taps: Tapped[] = [];
  const replace = (node: Node, results: readonly Tensor[]): void =>
    node.outputs.forEach((y, i) => void become.set(y, results[i] as Tensor));
  for (const node of topological(outputs)) {
    const inputs = node.inputs.map(resolve);
    if (node.op.name === tapOp.name) {
      const tapped = withPath(node.path, () => editTap(node, inputs[0] as Tensor, context));
      taps.push(tapped);
      replace(node, [tapped.value]);
    } else if (node.op.name === scanOp.name) {
      const looped = editScan(node, inputs, context);
      taps.push(...looped.taps);
      replace(node, looped.outputs);
    } else if (detours.has(node.op.name)) replace(node, inputs.slice(0, node.outputs.length));
    else if (inputs.some((x, i) => x !== node.inputs[i]))
      replace(node, makeNode(node.op, inputs, node.attrs, node.outputs, node.path).outputs);
  }
  return { outputs: outputs.map(resolve), taps };
}

function editTap(node: Node, value: Tensor, { editsOf, nameOf, steps }: Walk): Tapped {
  const { site } = node.attrs as unknown as TapAttrs;
  const name = nameOf(site);
  const stacked = steps.length > 0;
  const changed = editsOf({ name, shape: [...steps, ...value.shape], stacked }).reduce((before, edit) => {
    const after = edit.apply(before, edit.arrays);
    if (equalShapes(after.shape, value.shape) && after.dtype === value.dtype) return after;
    throw fail('shape', { where: edit.name, path: name, rule: `a value like the site's, ${formatSpec(value)}`, got: formatSpec(after) });
  }, value);
  return { name, value: applyOne(tapOp, [changed], { site }), stacked };
}

/** A loop whose step is changed: arrays of its steps become sequences of it, other tensors are captured. */
function editScan(node: Node, inputs: readonly Tensor[], { editsOf, nameOf, steps }: Walk) {
  const attrs = node.attrs as unknown as ScanAttrs;
  const { body } = attrs;
  const length = inputs[body.carries]?.shape[0] as Dim;
  const streams: Tensor[] = [];
  const slices: Tensor[] = [];
  const sliceOf = (array: Tensor): Tensor => {
    if (array.shape[0] === 1) return array.reshape(array.shape.slice(1));
    const slice = scanValue({ shape: array.shape.slice(1), dtype: array.dtype });
    streams.push(array);
    slices.push(slice);
    return slice;
  };
  const ofStep: EditsOf = (site) => editsOf(site).map((edit) => ({ ...edit, arrays: edit.arrays.map(sliceOf) }));
  const step = walk(body.outputs, { editsOf: ofStep, nameOf, steps: [...steps, length] });
  const first = body.carries + body.sequences;
  const closed = closeBody({
    params: [...body.params.slice(0, first), ...slices, ...body.params.slice(first)],
    carries: body.carries,
    sequences: body.sequences + slices.length,
    outputs: [...step.outputs, ...step.taps.map(({ value }) => value)],
  });
  const own = { ...closed.body, outputs: closed.body.outputs.slice(0, body.outputs.length) };
  const read = [...inputs.slice(0, first), ...streams, ...inputs.slice(first), ...closed.captured];
  const made = makeNode(node.op, read, { ...attrs, body: own }, node.outputs, node.path);
  const values = extendedOutputs(made, closed.body.outputs.slice(body.outputs.length));
  return { outputs: made.outputs, taps: step.taps.map(({ name }, i) => ({ name, value: values[i] as Tensor, stacked: true })) };
}
