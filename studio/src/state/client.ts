import {
  type Answer,
  type EventOf,
  encodeFrame,
  FrameReader,
  frameType,
  type Input,
  type Output,
  type Refusal,
  type RequestName,
  tokenHeader,
} from '#dist/server/protocol/index.js';

/** What the engine refused, in its own words. */
export class Refused extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly fix?: string,
  ) {
    super(message);
    this.name = 'Refused';
  }
}

export interface AskOptions<N extends RequestName> {
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: EventOf<N>) => void;
}

/** Asks an engine. The page knows nothing else of where it is. */
export interface Client {
  /** @throws Refused: the engine's refusal, or `offline` where none answers; AbortError: aborted by the signal */
  ask<N extends RequestName>(name: N, input: Input<N>, options?: AskOptions<N>): Promise<Output<N>>;
}

/** Asks over HTTP: a frame there, frames back. */
export function httpClient(token: string): Client {
  return {
    async ask(name, input, { signal, onEvent } = {}) {
      const response = await fetch(`/api/${name}`, {
        method: 'POST',
        headers: { 'content-type': frameType, [tokenHeader]: token },
        body: encodeFrame(input) as Uint8Array<ArrayBuffer>,
        credentials: 'omit',
        ...(signal ? { signal } : {}),
      }).catch((error: unknown) => {
        if (signal?.aborted) throw error;
        throw new Refused('offline', 'The studio’s server does not answer.', 'Start headlight studio again and open the address it prints');
      });
      if (!response.headers.get('content-type')?.startsWith(frameType) || response.body === null)
        throw new Refused('request', `${response.status} ${(await response.text()).slice(0, 300) || response.statusText}`);
      return read(response.body, onEvent);
    },
  };
}

async function read<N extends RequestName>(body: ReadableStream<Uint8Array>, onEvent?: (event: EventOf<N>) => void): Promise<Output<N>> {
  const frames = new FrameReader();
  const reader = body.getReader();
  let last: Answer<Output<N>, EventOf<N>> | undefined;
  // To the end, also after the result: so the connection serves the next request.
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    for (const message of frames.push(value)) {
      last = message as Answer<Output<N>, EventOf<N>>;
      if ('event' in last) onEvent?.(last.event);
    }
  }
  if (last && 'result' in last) return last.result;
  if (last && 'error' in last) throw refused(last.error);
  throw new Refused('crashed', 'The answer ended before it was whole.', 'Ask again');
}

function refused({ code, message, fix }: Refusal): Refused {
  return new Refused(code, message, fix);
}

/** Whether an error only says that nobody waited any more. */
export function isCancelled(error: unknown): boolean {
  return (error instanceof DOMException && error.name === 'AbortError') || (error instanceof Refused && error.code === 'cancelled');
}
