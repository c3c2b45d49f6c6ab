import type { LaneOwner } from './lane-protocol.js';
import { callsTo, queue, type Thread } from './rpc.js';

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

/** The same lane, answering one call after the other. */
export function laneInOrder(lane: LaneOwner): LaneOwner {
  const queued = queue();
  return {
    setup: queued((setup) => lane.setup(setup)),
    compute: queued((request) => lane.compute(request)),
    reduce: queued(() => lane.reduce()),
    apply: queued((update) => lane.apply(update)),
    collect: queued(() => lane.collect()),
    gradients: queued((request) => lane.gradients(request)),
    replace: queued((request) => lane.replace(request)),
    optimizerState: queued(() => lane.optimizerState()),
    restore: queued((state) => lane.restore(state)),
    dispose: queued(() => lane.dispose()),
  } as LaneOwner;
}
