import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { fail } from '../../core/index.js';
import type { AdamW } from '../../train/index.js';
import type { Block, Side } from './step-ours.js';
import type { StepShape } from './step-shape.js';

/** Debian's python: the one that apt's python3-torch is installed for. */
const python = '/usr/bin/python3';
const server = fileURLToPath(new URL('../../../bench/torch/step.py', import.meta.url));
const install = 'Debian: apt-get install python3-torch libopenblas0-openmp';

/** What PyTorch says of itself. */
export interface TorchInfo {
  readonly torch: string;
  readonly python: string;
  readonly threads: number;
  /** The BLAS library in use and the kernels it chose. */
  readonly blas: string;
  /** The variables that were set for it. */
  readonly env: Readonly<Record<string, string>>;
}

export interface TorchStart {
  readonly shape: StepShape;
  readonly activation: string;
  /** A GPT-2 in Hugging Face's layout (.safetensors), and int32 `inputs` and `targets` [N,B,T]. */
  readonly weights: string;
  readonly batches: string;
  readonly optimizer: AdamW;
  readonly clip: number;
}

interface Waiting {
  readonly resolve: (reply: Record<string, unknown>) => void;
  readonly reject: (error: Error) => void;
}

/**
 * PyTorch's training step in a Python process, spoken to in lines of JSON. The process is stopped (SIGSTOP) whenever it
 * has nothing to do: OpenMP's threads would else spin on our cores for a while after each step.
 */
export class TorchSide implements Side {
  readonly info: TorchInfo;
  readonly #process: TorchProcess;
  #batches = '';

  private constructor(process: TorchProcess, info: TorchInfo) {
    this.#process = process;
    this.info = info;
  }

  /**
   * @param threads threads within an operator
   * @throws unsupported: no PyTorch, or not the folder bench/torch, with what to do about it
   */
  static async start(threads: number): Promise<TorchSide> {
    const child = new TorchProcess(environment(threads));
    try {
      const info = await child.ask({ cmd: 'info' });
      return new TorchSide(child, info as unknown as TorchInfo);
    } catch (error) {
      child.kill();
      throw error;
    }
  }

  /** Takes weights, rules and batches; training begins anew. @returns the number of parameters */
  async begin({ shape, activation, weights, batches, optimizer, clip }: TorchStart): Promise<number> {
    if (optimizer.epsilon !== 1e-8)
      throw fail('value', { where: 'bench step', rule: "AdamW's ε is 1e-8, as in step.py", got: String(optimizer.epsilon) });
    const { layers, heads, width, context, vocabulary, batch, dropout } = shape;
    const config = { layers, heads, width, context, vocabulary, batch, activation, dropout };
    const rules = { lr: optimizer.lr, betas: optimizer.betas, weightDecay: optimizer.weightDecay, decayFilter: 'ndim>=2', clip };
    const { parameters } = await this.#process.ask({ cmd: 'init', config, weights, ...rules });
    this.#batches = batches;
    return Number(parameters);
  }

  async run(first: number, count: number): Promise<Block> {
    return (await this.#process.ask({ cmd: 'step', batches: this.#batches, first, count })) as unknown as Block;
  }

  /** Processor time of the process so far, in ms. */
  processorTime(): number {
    return this.#process.processorTime();
  }

  /** Ends the process at once. */
  kill(): void {
    this.#process.kill();
  }
}

/** The environment PyTorch measured fastest in (bench/torch/README.md). */
function environment(threads: number): Record<string, string | undefined> {
  const kernels = hasAvx512() ? { OPENBLAS_CORETYPE: 'SkylakeX' } : {};
  // glibc's settings that our command runs with are ours: PyTorch chooses its own (bench/torch/step.py calls mallopt).
  const ours = {
    MALLOC_ARENA_MAX: undefined,
    MALLOC_MMAP_THRESHOLD_: undefined,
    MALLOC_TRIM_THRESHOLD_: undefined,
    GLIBC_TUNABLES: undefined,
  };
  return { ...process.env, ...ours, ...kernels, OMP_NUM_THREADS: String(threads), OPENBLAS_NUM_THREADS: undefined };
}

/** Whether OpenBLAS's kernels for Skylake-X can run here. Debian's OpenBLAS knows no newer processors and falls back to older kernels. */
function hasAvx512(): boolean {
  if (!existsSync('/proc/cpuinfo')) return false;
  const flags = new Set(/^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1]?.split(' '));
  return ['avx512f', 'avx512cd', 'avx512bw', 'avx512dq', 'avx512vl'].every((flag) => flags.has(flag));
}

/** A process that answers each line of JSON with one. */
class TorchProcess {
  readonly #child: ChildProcess;
  #waiting: Waiting | undefined;
  #said = '';
  #ended: Error | undefined;

  constructor(env: Record<string, string | undefined>) {
    if (process.platform !== 'linux') throw missing('Linux: the bench stops and continues PyTorch by signals', process.platform);
    if (!existsSync(server))
      throw missing("the repository's folder bench/torch, which the npm package leaves out", 'none', 'Run it from a checkout');
    const child = spawn(python, [server], { env, stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child = child;
    child.stderr.on('data', (text: Buffer) => {
      this.#said = (this.#said + text.toString()).slice(-4000);
    });
    child.stdin.on('error', () => {}); // the process is gone; its end says why
    createInterface({ input: child.stdout }).on('line', (line) => this.#hear(line));
    child.once('error', () => this.#end(missing(`PyTorch at ${python}`, 'no such program', install)));
    child.once('close', (code, signal) => this.#end(this.#reason(code ?? signal)));
  }

  async ask(command: Readonly<Record<string, unknown>>): Promise<Record<string, unknown>> {
    if (this.#ended !== undefined) throw this.#ended;
    this.#child.kill('SIGCONT');
    try {
      const reply = await new Promise<Record<string, unknown>>((resolve, reject) => {
        this.#waiting = { resolve, reject };
        this.#child.stdin?.write(`${JSON.stringify(command)}\n`);
      });
      if ('error' in reply) throw fail('engine', { where: 'bench step', rule: `PyTorch does ${command.cmd}`, got: String(reply.error) });
      return reply;
    } finally {
      this.#child.kill('SIGSTOP');
    }
  }

  processorTime(): number {
    // After the name, which stands in brackets: user and system time are the 12th and 13th fields, in hundredths of a second.
    const fields = readFileSync(`/proc/${this.#child.pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    return 10 * (Number(fields[11]) + Number(fields[12]));
  }

  kill(): void {
    this.#ended ??= fail('disposed', { where: 'bench step', rule: 'a PyTorch process that was not ended' });
    this.#child.kill('SIGKILL');
  }

  #hear(line: string): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    try {
      waiting?.resolve(JSON.parse(line) as Record<string, unknown>);
    } catch (cause) {
      waiting?.reject(fail('engine', { where: 'bench step', rule: 'PyTorch answers in JSON', got: line.slice(0, 200), cause }));
    }
  }

  #end(reason: Error): void {
    this.#ended ??= reason;
    this.#waiting?.reject(this.#ended);
    this.#waiting = undefined;
  }

  #reason(code: number | string | null): Error {
    const last = this.#said.trim().split('\n').at(-1) ?? '';
    if (/No module named '(torch|numpy)'/.test(last)) return missing(`PyTorch for ${python}`, last, install);
    return fail('engine', { where: 'bench step', rule: 'a PyTorch process that lives', got: `its end (${code}): ${last}` });
  }
}

function missing(rule: string, got: string, fix?: string): Error {
  return fail('unsupported', { where: 'bench step', rule, got, ...(fix === undefined ? {} : { fix }) });
}
