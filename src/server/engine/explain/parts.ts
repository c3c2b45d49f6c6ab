import type { Tensor } from '../../../ops/index.js';
import type { Part } from '../../protocol/index.js';
import { broadcastIndex, computedAt, originOf, type Place } from './place.js';
import { Operands, type Rule, shown } from './rule.js';
import { type Scene, siteOf } from './scene.js';

/** Far more layers than a stream has that is read in a page. */
const mostParts = 400;

/** a + b; where sums stand in sums, as in the residual stream, all that was ever added, each part by its name. */
export const sumRule: Rule = async (scene, place) => {
  const places = partsOf(place);
  const operands = new Operands(scene);
  const made = places.map((part) => ({ name: nameOf(scene, part), factor: operands.factor({ symbol: 'x', place: part }) }));
  await operands.load();
  const parts: Part[] = made.map(({ name, factor }) => {
    const { value, address } = factor();
    return { name, value, ...(address && { address }) };
  });
  return {
    equation: { kind: 'parts', parts },
    computed: parts.reduce((sum, { value }) => sum + value, 0),
    text: parts.length > 6 ? `the sum of ${parts.length} parts` : parts.map(({ value }) => shown(value)).join(' + '),
  };
};

/** The parts of a sum of sums, in the order they were added. A named value that is no sum of the stream is a part. */
function partsOf(place: Place): Place[] {
  const parts: Place[] = [];
  const open: Place[] = [place];
  while (open.length > 0 && parts.length + open.length < mostParts) {
    const next = open.pop() as Place;
    const { tensor, index } = next;
    if (tensor.node.op.name !== 'add') {
      parts.push(next);
      continue;
    }
    for (const x of [...tensor.node.inputs].reverse()) {
      const at = originOf({ tensor: x as Tensor, index: broadcastIndex(index, x.shape as readonly number[]) });
      const isStream = /(?:^|\.)(?:embed|residual\.\w+)(?:#\d+)?$/.test(siteOf(at.tensor) ?? '');
      const below = isStream ? computedAt(at) : at;
      open.push(below.tensor.node.op.name === 'add' ? below : at);
    }
  }
  return [...parts, ...open.reverse()];
}

function nameOf(scene: Scene, place: Place): string {
  const at = originOf(place);
  return scene.sourceOf(at.tensor).name;
}
