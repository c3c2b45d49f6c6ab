import type { ProgramOptions } from '../../runtime/index.js';
import type { Thread } from './rpc.js';

/** Starts the thread that owns a training run on a device (the CPU by default). Import it as `#thread`: Node's worker threads or the Web's, by the package's conditions. */
export declare function startThread(device?: ProgramOptions['device']): Thread;
