import { parentPort } from 'node:worker_threads';
import type { LaneOwner } from './lane-protocol.js';
import { LaneWorker } from './lane-worker.js';
import { serve } from './rpc.js';

const answer = serve<LaneOwner>(new LaneWorker(), (reply, transfer) => parentPort?.postMessage(reply, transfer));
parentPort?.on('message', answer);
