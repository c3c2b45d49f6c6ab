// The peers as processes: each is asked for steps in its turn, and stopped while another works (collecting garbage would go on).
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../peers', import.meta.url));

/** Who trains the same model, or says why it does not. */
export const peers = {
  'TensorFlow.js, WebAssembly': ['tensorflow-step.mjs', 'wasm'],
  'TensorFlow.js, plain CPU': ['tensorflow-step.mjs', 'cpu'],
  'jax-js, WebAssembly': ['jax-step.mjs', 'wasm'],
  'Transformers.js': ['transformers-step.mjs'],
};

/** A peer that has not answered by then is not waited for. */
const patienceMs = 60_000;

/** @typedef {{ losses: number[], ms: number[] }} Steps */

/**
 * Starts a peer. What it cannot do is its `missing`.
 * @param {readonly string[]} command
 * @param {readonly string[]} args
 * @returns {Promise<{ missing: string } | { version: string, note?: string, run(first: number, count: number): Promise<Steps>, processorTime(): number, close(): void }>}
 */
export async function startPeer([script, ...flags], args) {
  const child = spawn(process.execPath, [`${folder}/${script}`, ...flags, ...args], { cwd: folder, stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.on('data', (text) => {
    said = `${said}${text}`.slice(-2000);
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  /** The next line of JSON: libraries greet on standard output too. */
  const answer = async () => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done) return { error: said.split('\n').find((line) => /Error|Cannot find/.test(line)) ?? 'it ended' };
      if (value.startsWith('{')) return JSON.parse(value);
    }
  };
  const ready = await within(answer());
  if (ready.error !== undefined) {
    child.kill();
    return { missing: ready.error };
  }
  return {
    version: ready.version,
    ...(ready.note && { note: ready.note }),
    /** Processor time so far, in ms: fields of /proc behind the name in brackets, in hundredths of a second. */
    processorTime() {
      const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
      return 10 * (Number(fields[11]) + Number(fields[12]));
    },
    async run(first, count) {
      child.kill('SIGCONT');
      child.stdin.write(`${JSON.stringify({ first, count })}\n`);
      const steps = await within(answer());
      child.kill('SIGSTOP');
      if (steps.error !== undefined) throw new Error(steps.error);
      return steps;
    },
    close: () => child.kill('SIGKILL'),
  };
}

/**
 * An answer, or the error that it took too long.
 * @param {Promise<any>} answer
 */
async function within(answer) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(() => resolve({ error: `no answer within ${patienceMs / 1000} s` }), patienceMs);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
