import { parentPort } from 'node:worker_threads';
import { Lane } from './lane.js';
import { laneInOrder } from './remote-lane.js';
import { answering } from './rpc.js';

const answer = answering(laneInOrder(new Lane()), (reply, transfer) => parentPort?.postMessage(reply, transfer));
parentPort?.on('message', answer);
