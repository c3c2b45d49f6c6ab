import { mostCharacters, mostRequestBytes } from '../engine/limits.js';
import { refusalOf, StudioError } from '../engine/refusal.js';
import type { StudioFolder } from '../folder/folder.node.js';
import type { RequestName } from '../protocol/index.js';
import { type Context, type Engine, encodeFrame, type Input, type Output } from '../protocol/index.js';
import { ModelProcess } from '../worker/model-process.node.js';
import { type FrameSource, framesOf } from './frame-source.js';

/** Models that are open at once: the one unused longest makes room. */
const mostOpen = 4;
/** Answers under way at once: more than a few pages ever have. */
const mostAnswers = 64;

/** What starts and follows training runs; left out, there is none. */
export interface TrainingHost extends Engine {
  /** Ends every run, saved. */
  stop(): Promise<void>;
}

export interface HostOptions {
  readonly folder: StudioFolder;
  readonly version: string;
  /** The module that a model's process runs: it is told the folder and the model. */
  readonly modelProcess: URL;
  readonly training?: TrainingHost | undefined;
  readonly notice: (line: string) => void;
}

/** Answers every request: by itself what is about the folder, by a model's process what is about a model. */
export class StudioHost implements FrameSource {
  readonly #open = new Map<string, ModelProcess>();
  #answers = 0;

  constructor(private readonly options: HostOptions) {}

  async *frames(name: string, input: Readonly<Record<string, unknown>>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    if (this.#answers >= mostAnswers) throw new StudioError('busy', 'Too many requests at once.', 'Wait a moment.');
    this.#answers++;
    // Whoever asks no longer is not counted, though the model's process may take a moment to let go: a person types on meanwhile.
    let counts = true;
    const leave = (): void => {
      if (counts) this.#answers--;
      counts = false;
    };
    signal.addEventListener('abort', leave, { once: true });
    try {
      yield* this.#framesOf(name, input, signal);
    } catch (error) {
      yield encodeFrame({ error: refusalOf(error) });
    } finally {
      signal.removeEventListener('abort', leave);
      leave();
    }
  }

  /** Ends all processes; training is saved first. */
  async stop(): Promise<void> {
    await this.options.training?.stop();
    for (const process of this.#open.values()) process.stop();
    this.#open.clear();
  }

  /** The processes of open models, by model: for tests and people who look for them. */
  processes(): ReadonlyMap<string, number | undefined> {
    return new Map([...this.#open].map(([model, process]) => [model, process.pid]));
  }

  #framesOf(name: string, input: Readonly<Record<string, unknown>>, signal: AbortSignal): AsyncIterable<Uint8Array> {
    if (name === 'hello' || name === 'close') return framesOf(this.#own, name, input, signal);
    if (name.startsWith('train.')) {
      const { training } = this.options;
      if (training === undefined) throw new StudioError('request', 'This studio does not train.');
      return framesOf(training, name, input, signal);
    }
    return this.#model(modelOf(input), name, input, signal);
  }

  async *#model(model: string, name: string, input: Readonly<Record<string, unknown>>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    yield* (await this.#processOf(model)).frames(name, input, signal);
  }

  async #processOf(model: string): Promise<ModelProcess> {
    const { folder, modelProcess, notice } = this.options;
    const path = await folder.modelPath(model); // also of what is open: it may have gone
    const known = this.#open.get(model);
    if (known !== undefined) return known;
    const argument = JSON.stringify({ root: folder.root, model, path });
    const made = new ModelProcess(modelProcess, argument, (line) => notice(`${model}: ${line}`));
    this.#open.set(model, made);
    this.#makeRoom(made);
    return made;
  }

  #makeRoom(except: ModelProcess): void {
    const idle = [...this.#open].filter(([, process]) => process !== except && !process.isBusy).sort(([, a], [, b]) => a.usedAt - b.usedAt);
    for (const [model, process] of idle.slice(0, Math.max(0, this.#open.size - mostOpen))) {
      this.#open.delete(model);
      process.stop();
    }
  }

  readonly #own: Engine = {
    handle: async <N extends RequestName>(name: N, input: Input<N>, _: Context<N>): Promise<Output<N>> => {
      if (name === 'close') return this.#close(input as Input<'close'>) as Output<N>;
      return (await this.#hello()) as Output<N>;
    },
  };

  #close({ model }: Input<'close'>): Output<'close'> {
    this.#open.get(model)?.stop();
    this.#open.delete(model);
    return {};
  }

  async #hello(): Promise<Output<'hello'>> {
    const { folder, version, training } = this.options;
    const models = await folder.models();
    const first = folder.named ?? models[0]?.model;
    return {
      version,
      folder: folder.name,
      models,
      ...(first !== undefined && { first }),
      limits: { text: mostCharacters, request: mostRequestBytes },
      canTrain: training !== undefined,
    };
  }
}

/** Which model's process answers: one that a request names, or whose run it names, as names of runs begin with their model. @throws request */
function modelOf(input: Readonly<Record<string, unknown>>): string {
  const { beside, model, run, a, clean } = input;
  if (typeof beside === 'string') return beside;
  if (typeof model === 'string') return model;
  const key = [run, a, clean].find((name) => typeof name === 'string') as string | undefined;
  const end = key?.lastIndexOf('#') ?? -1;
  if (key === undefined || end < 0) throw new StudioError('request', 'A request names a model or a run.');
  return key.slice(0, end);
}
