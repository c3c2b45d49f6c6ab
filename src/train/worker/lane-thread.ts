import type { Thread } from './rpc.js';

/** Starts the thread of a lane beside the one that owns the run. Import it as `#lane`: there is none in a page. */
export declare function startLane(): Thread;

/** How many threads the lanes of a run may have between them: the machine's cores. */
export declare function laneThreads(): number;
