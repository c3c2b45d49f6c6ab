/** Of several tasks begun one after another only the newest matters: those before it are aborted. */
export class Latest {
  #controller: AbortController | undefined;
  #settled: Promise<void> = Promise.resolve();

  /** Begins a task; what it throws after it was overtaken is dropped, and its result is undefined. */
  async run<T>(task: (signal: AbortSignal) => Promise<T>): Promise<T | undefined> {
    this.#controller?.abort();
    const controller = new AbortController();
    this.#controller = controller;
    const working = task(controller.signal);
    this.#settled = working.then(
      () => {},
      () => {},
    );
    try {
      const result = await working;
      return controller.signal.aborted ? undefined : result;
    } catch (error) {
      if (controller.signal.aborted) return undefined;
      throw error;
    } finally {
      if (this.#controller === controller) this.#controller = undefined;
    }
  }

  stop(): void {
    this.#controller?.abort();
    this.#controller = undefined;
  }

  /** Resolves when the newest task is over, however it ended. */
  get settled(): Promise<void> {
    return this.#settled;
  }

  get isBusy(): boolean {
    return this.#controller !== undefined;
  }
}
