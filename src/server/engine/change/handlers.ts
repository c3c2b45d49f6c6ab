import { fail } from '../../../core/index.js';
import { interventionsFromJson, interventionsToJson } from '../../../lens/index.js';
import type { Handlers } from '../handler.js';
import type { ModelState } from '../model-state.js';
import { fromLens, lensInterventions } from './interventions.js';
import { ablated, edgesCut, patched, steered, weightSet } from './propose.js';

type ChangeNames = 'change.weight' | 'change.cut' | 'change.ablate' | 'change.patch' | 'change.steer' | 'change.write' | 'change.read';

/** Changes: what a gesture of the page becomes, and files of them. They are applied by the runs that hold them. */
export function changeHandlers(state: ModelState): Handlers<ChangeNames> {
  return {
    'change.weight': (input) => weightSet(state, input),
    'change.cut': (input) => edgesCut(state, input),
    'change.ablate': (input) => ablated(state, input),
    'change.patch': (input) => patched(state, input),
    'change.steer': (input) => steered(state, input),
    'change.write': ({ changes }) => {
      const json = interventionsToJson(state.lensView(), lensInterventions(changes.filter(({ isOn }) => isOn)));
      return { json: `${JSON.stringify(json, null, 2)}\n` };
    },
    'change.read': ({ json }) => {
      const read = interventionsFromJson(state.lensView(), parsed(json), 'changes');
      const changes = read.flatMap((one, i) => {
        const intervention = fromLens(one);
        return intervention === undefined ? [] : [{ id: `read-${i}`, name: one.name ?? `${one.kind} ${one.at}`, isOn: true, intervention }];
      });
      return { changes };
    },
  };
}

/** @throws file: no JSON */
function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw fail('file', { where: 'changes', rule: 'a file of JSON', got: JSON.stringify(json.slice(0, 40)) });
  }
}
