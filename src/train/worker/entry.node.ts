import { parentPort } from 'node:worker_threads';
import { serve } from './rpc.js';
import { StepRunner } from './runner.js';

const answer = serve(new StepRunner(), (reply, transfer) => parentPort?.postMessage(reply, transfer));
parentPort?.on('message', answer);
