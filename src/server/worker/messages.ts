/** To a process that owns a model. */
export type ToWorker =
  | { readonly kind: 'ask'; readonly id: number; readonly name: string; readonly input: Readonly<Record<string, unknown>> }
  | { readonly kind: 'cancel'; readonly id: number };

/** From it. `failed` is all that one says whose model cannot be opened. */
export type FromWorker =
  | { readonly kind: 'frame'; readonly id: number; readonly frame: Uint8Array }
  | { readonly kind: 'end'; readonly id: number };
