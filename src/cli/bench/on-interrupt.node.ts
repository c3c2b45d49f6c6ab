/** Cleans up when the bench is interrupted, then lets the signal do what it does. @returns takes the listeners away again */
export function onInterrupt(clean: () => void): () => void {
  const listeners = (['SIGINT', 'SIGTERM'] as const).map((signal) => {
    const listener = (): void => {
      clean();
      process.kill(process.pid, signal);
    };
    process.once(signal, listener);
    return () => void process.off(signal, listener);
  });
  return () => {
    for (const remove of listeners) remove();
  };
}
