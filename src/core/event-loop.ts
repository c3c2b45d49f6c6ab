/** Longest that work goes on before the event loop gets a turn, in milliseconds. */
const longestTurn = 10;

/** A function to await between pieces of work: every 10 ms or so it lets timers, input and messages through. */
export function turns(): () => Promise<void> {
  let since = performance.now();
  return async () => {
    if (performance.now() - since < longestTurn) return;
    await macrotask();
    since = performance.now();
  };
}

/** Resolves in a task of its own. Timers of 0 ms wait 1 to 4 ms; these do not. */
function macrotask(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === 'function') {
      setImmediate(resolve);
      return;
    }
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(0);
  });
}
