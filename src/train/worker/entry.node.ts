import { parentPort, workerData } from 'node:worker_threads';
import { ownerOn } from '../device/owner.js';
import { serve } from './rpc.js';

const answer = serve(ownerOn(workerData), (reply, transfer) => parentPort?.postMessage(reply, transfer));
parentPort?.on('message', answer);
