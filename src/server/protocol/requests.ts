import type { ChangeRequests } from './change.js';
import type { CompareRequests } from './compare.js';
import type { ExplainRequests } from './explain.js';
import type { HeadsRequests } from './heads.js';
import type { KeepRequests } from './keep.js';
import type { ModelRequests } from './model.js';
import type { ReadRequests } from './read.js';
import type { RunRequests } from './run.js';
import type { TrainRequests } from './train.js';

/**
 * Every message, by name: what is asked (`in`), what is answered (`out`), and what comes on the way (`events`). Over HTTP: a
 * POST to `/api/NAME` whose body is one frame with the input, answered by frames, each an `Answer`.
 */
export interface Requests
  extends ModelRequests,
    RunRequests,
    ReadRequests,
    ExplainRequests,
    ChangeRequests,
    CompareRequests,
    HeadsRequests,
    TrainRequests,
    KeepRequests {}

export type RequestName = keyof Requests;
export type Input<N extends RequestName> = Requests[N]['in'];
export type Output<N extends RequestName> = Requests[N]['out'];
export type EventOf<N extends RequestName> = Requests[N] extends { readonly events: infer E } ? E : never;

/** What a request is given beside its input. */
export interface Context<N extends RequestName> {
  /** Aborts when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
  emit(event: EventOf<N>): void;
}

/** What answers messages: a server's worker, or an engine in the page. */
export interface Engine {
  handle<N extends RequestName>(name: N, input: Input<N>, context: Context<N>): Promise<Output<N>>;
}

/** The header that the token of the page's address is sent in. */
export const tokenHeader = 'x-headlight-token';
/** The content type of frames. */
export const frameType = 'application/x-headlight-frames';
