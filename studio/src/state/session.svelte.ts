import type { Limits, ModelInfo, ModelSummary } from '#dist/server/protocol/index.js';
import { type Client, isCancelled, Refused } from './client.js';

/** Something to be told, until it is closed. */
export interface Notice {
  readonly id: number;
  readonly kind: 'error' | 'note';
  readonly text: string;
  readonly fix?: string;
}

/** What the server has, and what it refused. */
export class Session {
  models = $state.raw<readonly ModelSummary[]>([]);
  folder = $state('');
  version = $state('');
  limits = $state.raw<Limits>({ text: 100_000, request: 2 ** 24 });
  canTrain = $state(false);
  first = $state('');
  notices = $state.raw<readonly Notice[]>([]);
  isReady = $state(false);
  /** Asks anew for what the server no longer holds. */
  renew: () => void = () => {};
  /** Why the server told nothing of itself. */
  problem = $state<string | undefined>(undefined);
  readonly #open = new Map<string, Promise<ModelInfo>>();
  #nextNotice = 0;

  constructor(readonly client: Client) {}

  /** Asks what there is; again, to see what is new. */
  async greet(): Promise<void> {
    const hello = await this.client.ask('hello', {}).catch((error: unknown) => {
      this.problem = this.isReady ? undefined : String((error as Error).message);
      throw error;
    });
    this.problem = undefined;
    this.models = hello.models;
    this.folder = hello.folder;
    this.version = hello.version;
    this.limits = hello.limits;
    this.canTrain = hello.canTrain;
    this.first = hello.first ?? hello.models.find((model) => model.problem === undefined)?.model ?? '';
    this.isReady = true;
  }

  /** A model's description; asked for once, until `forget`. */
  open(model: string, step?: number): Promise<ModelInfo> {
    const key = `${step ?? ''} ${model}`;
    const kept = this.#open.get(key);
    if (kept) return kept;
    const asked = this.client.ask('open', step === undefined ? { model } : { model, step });
    this.#open.set(key, asked);
    asked.catch(() => this.#open.delete(key));
    return asked;
  }

  /** A model has changed: it was trained on. */
  forget(model: string): void {
    for (const key of this.#open.keys()) if (key.endsWith(` ${model}`)) this.#open.delete(key);
  }

  /** Tells what went wrong; what was only cancelled is no news. */
  readonly failed = (error: unknown): void => {
    if (isCancelled(error)) return;
    // A run that is no longer held is asked for again; that its process ended is told too.
    const code = error instanceof Refused ? error.code : undefined;
    if (code === 'gone' || code === 'crashed') this.renew();
    if (code === 'gone') return;
    const text = error instanceof Error ? error.message : String(error);
    const fix = error instanceof Refused ? error.fix : undefined;
    this.tell('error', text, fix);
  };

  tell(kind: Notice['kind'], text: string, fix?: string): void {
    // The same fault a dozen times (a request for each layer) is one notice.
    if (this.notices.some((notice) => notice.text === text)) return;
    const notice: Notice = { id: this.#nextNotice++, kind, text, ...(fix && !text.includes(fix) ? { fix } : {}) };
    this.notices = [...this.notices, notice].slice(-4);
    if (kind === 'note') setTimeout(() => this.dismiss(notice.id), 5000);
  }

  dismiss(id: number): void {
    this.notices = this.notices.filter((notice) => notice.id !== id);
  }
}
