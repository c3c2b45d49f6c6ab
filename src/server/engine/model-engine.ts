import { fail } from '../../core/index.js';
import type { Context, Engine, Input, Output, RequestName } from '../protocol/index.js';
import { changeHandlers } from './change/handlers.js';
import { compareHandlers } from './compare/handlers.js';
import { explainHandlers } from './explain/handlers.js';
import type { Handler } from './handler.js';
import { headsHandlers } from './heads/handlers.js';
import { keepHandlers } from './keep/handlers.js';
import type { ModelState } from './model-state.js';
import { readHandlers } from './read/handlers.js';
import { StudioError } from './refusal.js';
import { tokensOf } from './run/token-subject.js';

/** Answers what is asked of one open model. */
export class ModelEngine implements Engine {
  readonly #handlers: Readonly<Record<string, unknown>>;

  constructor(private readonly state: ModelState) {
    this.#handlers = {
      ...modelHandlers(state),
      ...readHandlers(state),
      ...explainHandlers(state),
      ...changeHandlers(state),
      ...compareHandlers(state),
      ...headsHandlers(state),
      ...keepHandlers(state),
    };
  }

  async handle<N extends RequestName>(name: N, input: Input<N>, context: Context<N>): Promise<Output<N>> {
    context.signal.throwIfAborted();
    if (!Object.hasOwn(this.#handlers, name)) throw new StudioError('request', `A model does not answer "${name}".`);
    return (this.#handlers[name] as Handler<N>)(input, context);
  }

  dispose(): Promise<void> {
    return this.state.dispose();
  }
}

function modelHandlers(state: ModelState) {
  return {
    open: ({ step }: Input<'open'>) => state.info(step),
    tokenize: ({ text }: Input<'tokenize'>): Output<'tokenize'> => {
      const { opened, subject } = state;
      if (opened.kind === 'image') throw fail('unsupported', { where: 'tokenize', rule: 'a model of text', got: opened.type });
      return { tokens: tokensOf({ kind: 'text', text }, opened.tokenizer, subject.vocabulary), context: subject.context };
    },
  };
}
