import { parentPort } from 'node:worker_threads';
import { LaneWorker } from './lane-worker.js';
import { laneInOrder } from './remote-lane.js';
import { answering } from './rpc.js';

const answer = answering(laneInOrder(new LaneWorker()), (reply, transfer) => parentPort?.postMessage(reply, transfer));
parentPort?.on('message', answer);
