import { type ErrorCode, fail, HeadlightError } from '../../core/index.js';
import type { StepOwner } from './protocol.js';

/** A call of one of the methods on the other side, as a message. */
export interface CallMessage {
  readonly id: number;
  readonly method: string;
  readonly argument: unknown;
}

export type ReplyMessage =
  | { readonly id: number; readonly result: unknown }
  | {
      readonly id: number;
      readonly error: { readonly message: string; readonly code: ErrorCode | undefined; readonly stack: string | undefined };
    };

/** A worker thread, of Node or of a browser: messages in, messages out. */
export interface Thread {
  post(message: CallMessage, transfer: readonly ArrayBuffer[]): void;
  onReply(listener: (reply: ReplyMessage) => void): void;
  /** Called once if the thread dies of itself. */
  onDeath(listener: (cause: unknown) => void): void;
  terminate(): Promise<void>;
}

/** An object whose methods take one argument and answer later. */
type Methods<T> = object & { readonly [K in keyof T]: (argument: never) => Promise<unknown> };

/** The worker's side: answers calls one after the other, in the order they came. */
export function serve<T extends Methods<T>>(
  owner: T,
  post: (reply: ReplyMessage, transfer: ArrayBuffer[]) => void,
): (message: CallMessage) => Promise<void> {
  const queued = inOrder(owner);
  return async ({ id, method, argument }) => {
    try {
      const result = await queued[method as keyof T](argument as never);
      post({ id, result }, buffersOf(result));
    } catch (error) {
      const { message, stack } = error as Error;
      post({ id, error: { message, code: error instanceof HeadlightError ? error.code : undefined, stack } }, []);
    }
  };
}

/** The same owner, answering one call after the other: a step must not begin before the one before it has ended. */
export function inOrder<T extends Methods<T>>(owner: T): T {
  let last: Promise<unknown> = Promise.resolve();
  return new Proxy(owner, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== 'function') return method;
      return (argument: unknown) => {
        const result = last.then(() => method.call(target, argument));
        last = result.catch(() => {});
        return result;
      };
    },
  });
}

/** Calls of methods that run in a thread. */
export interface Calls {
  call<T>(method: string, argument?: unknown): Promise<T>;
  /** Asks the other side to dispose of itself, if it lives, and ends the thread. */
  end(): Promise<void>;
}

/** The caller's side: arrays in arguments and results are transferred. @param where names the thread in errors */
export function callsTo(thread: Thread, where: string): Calls {
  const waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  let next = 0;
  let dead: Error | undefined;
  const giveUp = (error: Error): void => {
    dead = error;
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  thread.onReply((reply) => {
    const call = waiting.get(reply.id);
    waiting.delete(reply.id);
    if ('error' in reply) call?.reject(revive(reply.error));
    else call?.resolve(reply.result as never);
  });
  thread.onDeath((cause) => giveUp(fail('engine', { where, rule: 'a thread that lives', got: String(cause), cause })));

  const call = <T>(method: string, argument?: unknown): Promise<T> => {
    if (dead !== undefined) return Promise.reject(dead);
    return new Promise<T>((resolve, reject) => {
      const id = next++;
      waiting.set(id, { resolve, reject });
      try {
        thread.post({ id, method, argument }, buffersOf(argument));
      } catch (cause) {
        waiting.delete(id);
        const got = (cause as Error).message.replace(/\.$/, '');
        reject(fail('value', { where, rule: 'arrays that can be handed over, each once', got, fix: 'Copy them first', cause }));
      }
    });
  };
  return {
    call,
    async end() {
      try {
        if (dead === undefined) await call('dispose');
      } finally {
        dead = fail('disposed', { where, rule: 'a run that is not disposed' });
        await thread.terminate();
      }
    },
  };
}

/** An owner whose methods run in the thread. */
export function remoteOwner(thread: Thread): StepOwner {
  const { call, end } = callsTo(thread, 'training worker');
  return {
    setup: (setup) => call('setup', setup),
    step: (request) => call('step', request),
    gradients: (request) => call('gradients', request),
    update: (request) => call('update', request),
    run: (request) => call('run', request),
    parameters: (request) => call('parameters', request),
    state: () => call('state'),
    restore: (state) => call('restore', state),
    dispose: end,
  };
}

function revive(error: { message: string; code: ErrorCode | undefined; stack: string | undefined }): Error {
  const cause = new Error(error.message);
  if (error.stack !== undefined) cause.stack = error.stack;
  if (error.code === undefined) return cause;
  // The message is whole already; only its class and code were lost on the way.
  const revived = fail(error.code, { where: 'training worker', rule: error.message, cause });
  revived.message = error.message;
  return revived;
}

/**
 * Every distinct array buffer in a message. Empty ones are left out: one that was transferred before is empty, and in a
 * list of transfers Node would drop the message without a word; left out, it is refused.
 */
function buffersOf(value: unknown, found = new Set<ArrayBuffer>()): ArrayBuffer[] {
  if (ArrayBuffer.isView(value)) {
    if (value.buffer instanceof ArrayBuffer && value.buffer.byteLength > 0) found.add(value.buffer);
  } else if (typeof value === 'object' && value !== null) {
    for (const part of Object.values(value)) buffersOf(part, found);
  }
  return [...found];
}
