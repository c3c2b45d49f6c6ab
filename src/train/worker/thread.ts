import type { Thread } from './rpc.js';

/** Starts the thread that owns a training run. Import it as `#thread`: Node's worker threads or the Web's, by the package's conditions. */
export declare function startThread(): Thread;
