import type { Address, Explanation, Source } from '../../protocol/index.js';
import { computedAt, isLooped, type Place } from './place.js';
import { explainProbability } from './probability.js';
import { shown, type Told } from './rule.js';
import { rules } from './rules.js';
import { numberAt, type Scene } from './scene.js';

/** How one number of a run came about. @throws name, axis: an address that is none */
export async function explain(scene: Scene, address: Address): Promise<Explanation> {
  if (address.at === 'probability') return explainProbability(scene, address);
  const place = scene.placeOf(address);
  const source = scene.sourceOf(place.tensor);
  const value = numberAt(await scene.valuesOf([place.tensor]), place);
  const changed = await changedHere(scene, place, value);
  const origin = computedAt(scene.beforeChange(place) ?? place);
  const rule = isLooped(origin.tensor) ? undefined : rules.get(origin.tensor.node.op.name);
  const told = changed ?? (rule === undefined ? unexplained(scene, origin.tensor, value) : await rule(scene, origin));
  return {
    address: scene.addressOf(place),
    source,
    axes: axesOf(source),
    value,
    equation: told.equation,
    line: `${label(address)} = ${told.text} = ${shown(value)}`,
    check: { computed: told.computed, difference: told.computed - value },
  };
}

/** What a change put in the place of what would have been; where it put the same, nothing. */
async function changedHere(scene: Scene, place: Place, value: number): Promise<Told | undefined> {
  const before = scene.beforeChange(place);
  if (before === undefined) return undefined;
  const was = numberAt(await scene.valuesOf([before.tensor]), before);
  if (Object.is(was, value)) return undefined;
  const names = scene.changesOf(place);
  return {
    equation: { kind: 'changed', change: names, before: { symbol: 'x', value: was, address: scene.addressOf(before), name: 'before' } },
    computed: value,
    text: `put here by “${names}”, where ${shown(was)} would have been`,
  };
}

/** The ends of the way, and ops without an equation here. */
function unexplained(scene: Scene, tensor: Parameters<typeof isLooped>[0], value: number): Told {
  const { op, inputs } = tensor.node;
  const ends = { parameter: 'parameter', constant: 'constant', iota: 'constant', input: 'input' } as const;
  const end = Object.hasOwn(ends, op.name) ? ends[op.name as keyof typeof ends] : undefined;
  if (end !== undefined) {
    const text = { parameter: 'a weight that training made', constant: 'a constant', input: 'what was given' }[end];
    return { equation: { kind: 'leaf', what: end }, computed: value, text };
  }
  const from = inputs.map((x) => scene.sourceOf(x));
  return { equation: { kind: 'operation', name: op.name, doc: op.doc, from }, computed: value, text: op.doc };
}

function label({ at, index }: Address): string {
  return `${at}[${index.join(', ')}]`;
}

const byRole: readonly (readonly [RegExp, readonly string[]])[] = [
  [/attention\.(?:scores|pattern)(?:#\d+)?$/, ['text', 'head', 'query', 'key']],
  [/attention\.(?:query|key|value)(?:#\d+)?$/, ['text', 'head', 'token', 'dimension']],
  [/attention\.mixed(?:#\d+)?$/, ['text', 'token', 'head', 'dimension']],
  [/mlp\.(?:pre|post)(?:#\d+)?$/, ['text', 'token', 'neuron']],
  [/logits$/, ['text', 'token', 'vocabulary']],
];

/** What the axes of an array count. */
export function axesOf({ at, kind, shape }: Source): readonly string[] {
  const known = kind === 'site' ? byRole.find(([role, axes]) => role.test(at) && axes.length === shape.length)?.[1] : undefined;
  if (known !== undefined) return known;
  if (kind === 'parameter')
    return shape.length === 2 ? ['row', 'column'] : shape.map((_, i) => (i === shape.length - 1 ? 'dimension' : `axis ${i}`));
  if (shape.length === 3) return ['text', 'token', 'dimension'];
  return shape.map((_, i) => `axis ${i}`);
}
