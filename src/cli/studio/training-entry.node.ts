// The process of one training run of the studio.
import type { CommandIo, Progress } from '../io.js';
import { planNewRun, planResumedRun, type TrainingPlan } from '../train/plan.js';
import { runTraining } from '../train/training.js';
import { Gate, gated } from './gate.js';
import type { FromTraining, ToTraining, TrainingJob } from './training-messages.js';

const job = JSON.parse(process.argv[2] ?? '{}') as TrainingJob;
const gate = new Gate();
const stop = new AbortController();
const post = (message: FromTraining): void => void process.send?.(message);

const progress: Progress = { update: (step) => post({ kind: 'step', step }), stop: () => {} };
const io: CommandIo = {
  out: () => {},
  note: () => {},
  outIsTerminal: false,
  columns: 80,
  unicode: true,
  progress: () => progress,
  interrupted: () => stop.signal,
};

process.on('message', (message) => {
  const { kind } = message as ToTraining;
  if (kind === 'pause') gate.shut();
  else gate.open();
  if (kind === 'stop') stop.abort();
});
// The server is gone: what was learned is saved.
process.on('disconnect', () => {
  gate.open();
  stop.abort();
});
process.on('SIGINT', () => {});

try {
  const plan = await planOf(job);
  post({
    kind: 'planned',
    parameters: plan.model.parameterCount,
    vocabulary: plan.model.vocabulary,
    tokens: plan.data.size,
    steps: plan.settings.steps,
    settings: plan.settings as unknown as Extract<FromTraining, { kind: 'planned' }>['settings'],
  });
  if (job.kind === 'resume' || !job.planOnly) {
    const { stopped, step } = await runTraining({ ...plan, data: gated(plan.data, gate) }, {}, io);
    post({ kind: 'ended', stopped, step });
  }
} catch (error) {
  post({ kind: 'failed', message: (error instanceof Error ? error.message : String(error)).replace(/\s*\n\s*/g, ' ') });
}
process.disconnect?.();

function planOf(asked: TrainingJob): Promise<TrainingPlan> {
  return asked.kind === 'new' ? planNewRun(asked.sources, asked.settings, asked.out) : planResumedRun(asked.folder, {}, []);
}
