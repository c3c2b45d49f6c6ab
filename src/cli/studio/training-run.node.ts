import { type ChildProcess, fork } from 'node:child_process';
import type { TrainStatus } from '../../server/protocol/index.js';
import type { FromTraining, ToTraining, TrainingJob } from './training-messages.js';

export type Planned = Extract<FromTraining, { kind: 'planned' }>;

const entry = new URL('./training-entry.node.js', import.meta.url);

/** A training run in a process of its own: it saves what it learned when it is stopped, and when this process is gone. */
export class TrainingRun {
  #status: TrainStatus;
  readonly #child: ChildProcess;
  readonly #listeners = new Set<() => void>();
  /** What it trains, once all is read and checked. @throws what cannot be trained */
  readonly planned: Promise<Planned>;
  readonly ended: Promise<void>;

  constructor(
    readonly model: string,
    job: TrainingJob,
  ) {
    this.#status = { model, state: 'preparing', step: 0, steps: 0 };
    this.#child = fork(entry, [JSON.stringify(job)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.planned = new Promise((resolve, reject) => {
      this.#child.on('message', (message) => {
        const told = message as FromTraining;
        if (told.kind === 'planned') resolve(told);
        if (told.kind === 'failed') reject(new Error(told.message));
        this.#hear(told);
      });
      this.#child.once('exit', () => reject(new Error('the training process ended')));
    });
    this.planned.catch(() => {});
    this.ended = new Promise((resolve) => {
      this.#child.once('exit', (code, by) => {
        if (!this.isOver) this.#set({ state: 'failed', error: `The training process ended (${by ?? `code ${code}`}).` });
        resolve();
      });
    });
  }

  get status(): TrainStatus {
    return this.#status;
  }

  get isOver(): boolean {
    return ['done', 'stopped', 'failed'].includes(this.#status.state);
  }

  pause(): void {
    if (this.#status.state !== 'running') return;
    this.#send({ kind: 'pause' });
    this.#set({ state: 'paused' });
  }

  resume(): void {
    if (this.#status.state !== 'paused') return;
    this.#send({ kind: 'resume' });
    this.#set({ state: 'running' });
  }

  stop(): void {
    if (!this.isOver) this.#send({ kind: 'stop' });
  }

  /** @returns stops listening */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #hear(message: FromTraining): void {
    if (message.kind === 'planned') this.#set({ state: 'running', steps: message.steps });
    else if (message.kind === 'step') this.#set({ step: message.step });
    else if (message.kind === 'ended') this.#set({ state: message.stopped ? 'stopped' : 'done', step: message.step });
    else this.#set({ state: 'failed', error: message.message });
  }

  #set(change: Partial<TrainStatus>): void {
    this.#status = { ...this.#status, ...change };
    for (const listener of this.#listeners) listener();
  }

  #send(message: ToTraining): void {
    if (this.#child.connected) this.#child.send(message, () => {});
  }
}
