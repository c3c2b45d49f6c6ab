import { type CallMessage, serve } from './rpc.js';
import { StepRunner } from './runner.js';

const scope = self as unknown as {
  postMessage(message: unknown, transfer: Transferable[]): void;
  onmessage: (event: MessageEvent<CallMessage>) => void;
};
const answer = serve(new StepRunner(), (reply, transfer) => scope.postMessage(reply, transfer));
scope.onmessage = (event) => answer(event.data);
