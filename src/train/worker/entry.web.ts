import type { ProgramOptions } from '../../runtime/index.js';
import { ownerOn } from '../device/owner.js';
import { type CallMessage, serve } from './rpc.js';

const scope = self as unknown as {
  readonly name: string;
  postMessage(message: unknown, transfer: Transferable[]): void;
  onmessage: (event: MessageEvent<CallMessage>) => void;
};
const answer = serve(ownerOn(scope.name as ProgramOptions['device']), (reply, transfer) => scope.postMessage(reply, transfer));
scope.onmessage = (event) => answer(event.data);
