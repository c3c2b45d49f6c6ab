/**
 * What went wrong. Codes are those of `HeadlightError`, and the studio's own: `gone`, a run that is no longer held (ask
 * `read.run` again); `crashed`, a worker that ended and was started anew; `busy`, too much at once; `limit`, too large an
 * input; `cancelled`, by whoever asked; `request`, a message that the protocol does not have; `failed`, a fault of ours.
 */
export interface Refusal {
  readonly code: string;
  /** One line: where, the rule, what came instead, what to do. */
  readonly message: string;
  readonly fix?: string;
}

/** A frame of an answer: events first, where the request has them, then one result or one error. */
export type Answer<Result = unknown, Event = unknown> =
  | { readonly event: Event }
  | { readonly result: Result }
  | { readonly error: Refusal };
