import { showToken } from '#dist/lens/picture/token-text.js';
import type { Prompt } from '#dist/server/protocol/index.js';
import type { App } from '../../state/app.svelte.js';
import { Latest } from '../../state/latest.js';

/** A token that the model wrote, and where it stands. */
export interface WrittenToken {
  readonly position: number;
  readonly text: string;
  readonly probability: number;
}

/** Goes on with the text: by a token that was chosen, or by what the model draws. */
export class Writing {
  steps = $state.raw<readonly WrittenToken[]>([]);
  isBusy = $state(false);
  readonly #latest = new Latest();

  constructor(private readonly app: App) {}

  /** Puts a token after the text. */
  async accept(id: number): Promise<void> {
    const { app } = this;
    const { run, model } = app.subject;
    if (!run || !model) return;
    await this.#textOf([...run.tokens.map((token) => token.id), id])
      .then((text) => this.#put(text))
      .catch(app.session.failed);
  }

  /** Lets the model write; each token is shown as it comes. */
  async write(count: number): Promise<void> {
    const { app } = this;
    const { run, model, prompt } = app.subject;
    const { place } = app;
    if (!run || !model || !prompt) return;
    this.steps = [];
    this.isBusy = true;
    const ids = run.tokens.map((token) => token.id);
    const room = Math.min(count, model.context - ids.length);
    let shown = 0;
    let written = place.text;
    // Who writes in the text meanwhile has the last word.
    const take = async (): Promise<void> => {
      const text = app.place.text === written ? await this.#textOf([...ids]) : undefined;
      if (app.place.text !== written) return this.stop();
      this.#put(text);
      written = text ?? written;
    };
    const show = (): void => {
      // Not for every token: each run of the page costs one of the model's.
      if (performance.now() - shown < 250) return;
      shown = performance.now();
      void take().catch(app.session.failed);
    };
    await this.#latest
      .run(async (signal) => {
        if (room <= 0) return;
        await app.session.client.ask(
          'read.generate',
          {
            model: model.model,
            ...(model.step === undefined ? {} : { step: model.step }),
            prompt,
            changes: app.changes.active,
            temperature: place.temperature,
            ...(place.topK > 0 ? { topK: place.topK } : {}),
            ...(place.topP < 1 ? { topP: place.topP } : {}),
            maxNewTokens: room,
            seed: Math.floor(performance.now()),
          },
          {
            signal,
            onEvent: ({ id, text, probability }) => {
              this.steps = [...this.steps, { position: ids.length, text: showToken(text), probability }];
              ids.push(id);
              show();
            },
          },
        );
      })
      .catch(app.session.failed);
    this.isBusy = false;
    await take().catch(app.session.failed);
  }

  stop(): void {
    this.#latest.stop();
    this.isBusy = false;
  }

  #put(text: string | undefined): void {
    if (text !== undefined) this.app.go({ text, query: undefined, key: undefined });
  }

  /** Tokens as a text. */
  async #textOf(ids: readonly number[]): Promise<string | undefined> {
    const { app } = this;
    const { model } = app.subject;
    if (!model) return undefined;
    if (!model.hasTokenizer && model.kind !== 'translation') return ids.join(' ');
    const step = model.step === undefined ? {} : { step: model.step };
    // Of a translation the ids are the target's, its start among them: that is no text.
    const prompt: Prompt =
      model.kind === 'translation' ? { kind: 'translation', source: app.place.source, target: ids } : { kind: 'ids', ids };
    const { text } = await app.session.client.ask('read.run', { model: model.model, ...step, prompt });
    return text;
  }
}
