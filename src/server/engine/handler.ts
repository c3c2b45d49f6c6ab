import type { Context, Input, Output, RequestName } from '../protocol/index.js';

/** Answers one kind of request. */
export type Handler<N extends RequestName> = (input: Input<N>, context: Context<N>) => Promise<Output<N>> | Output<N>;

/** Answers of one family, by name. */
export type Handlers<N extends RequestName> = { readonly [K in N]: Handler<K> };
