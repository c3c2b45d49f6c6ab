import type { LaneOwner } from './lane-protocol.js';
import { callsTo, type Thread } from './rpc.js';

/** A lane whose methods run in the thread. */
export function remoteLane(thread: Thread): LaneOwner {
  const { call, end } = callsTo(thread, 'lane of a training step');
  return {
    setup: (setup) => call('setup', setup),
    compute: (request) => call('compute', request),
    reduce: () => call('reduce'),
    apply: (update) => call('apply', update),
    collect: () => call('collect'),
    gradients: (request) => call('gradients', request),
    replace: (request) => call('replace', request),
    optimizerState: () => call('optimizerState'),
    restore: (state) => call('restore', state),
    dispose: end,
  };
}
