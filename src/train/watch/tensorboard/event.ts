import { ProtobufWriter } from '../../../onnx/protobuf-writer.js';

/**
 * Field numbers of the messages in TensorBoard's event files (its `event.proto`, `summary.proto`, `tensor.proto`,
 * `tensor_shape.proto`).
 */
const EVENT = { wallTime: 1, step: 2, fileVersion: 3, summary: 5, sessionLog: 7 } as const;
const SESSION_LOG = { status: 1 } as const;
const SUMMARY = { value: 1 } as const;
const VALUE = { tag: 1, simpleValue: 2, tensor: 8, metadata: 9 } as const;
const METADATA = { pluginData: 1, dataClass: 4 } as const;
const PLUGIN_DATA = { name: 1 } as const;
const TENSOR = { dtype: 1, shape: 2, strings: 8 } as const;
const SHAPE = { dim: 2 } as const;
const DIM = { size: 1 } as const;

const sessionStart = 1;
const stringType = 7;
const tensorData = 2;

/** When an event came to be. */
export interface Moment {
  /** Seconds since 1970. */
  readonly wallTime: number;
  readonly step: number;
}

/** The event that a file begins with: what version its events are of. */
export function versionEvent(wallTime: number): Uint8Array {
  const w = new ProtobufWriter();
  w.double(EVENT.wallTime, wallTime);
  w.text(EVENT.fileVersion, 'brain.Event:2');
  return w.finish();
}

/** A session starts at a step: TensorBoard forgets what earlier files of the folder say of this step and those after it. */
export function startEvent(moment: Moment): Uint8Array {
  return event(moment, (w) => w.message(EVENT.sessionLog, () => w.int(SESSION_LOG.status, sessionStart, 'session status')));
}

/** Numbers by tag. As `simple_value`, which every version of TensorBoard reads; newer ones turn it into a tensor themselves. */
export function scalarsEvent(moment: Moment, scalars: Readonly<Record<string, number>>): Uint8Array {
  return event(moment, (w) =>
    w.message(EVENT.summary, () => {
      for (const [tag, value] of Object.entries(scalars)) {
        w.message(SUMMARY.value, () => {
          w.text(VALUE.tag, tag);
          w.float(VALUE.simpleValue, value);
        });
      }
    }),
  );
}

/** A text for TensorBoard's page of texts, which shows it as Markdown: a tensor of one string, [1]. */
export function textEvent(moment: Moment, tag: string, markdown: string): Uint8Array {
  return event(moment, (w) =>
    w.message(EVENT.summary, () =>
      w.message(SUMMARY.value, () => {
        w.text(VALUE.tag, tag);
        w.message(VALUE.metadata, () => {
          w.message(METADATA.pluginData, () => w.text(PLUGIN_DATA.name, 'text'));
          w.int(METADATA.dataClass, tensorData, 'data class');
        });
        w.message(VALUE.tensor, () => {
          w.int(TENSOR.dtype, stringType, 'tensor type');
          w.message(TENSOR.shape, () => w.message(SHAPE.dim, () => w.int(DIM.size, 1, 'tensor shape')));
          w.text(TENSOR.strings, markdown);
        });
      }),
    ),
  );
}

function event({ wallTime, step }: Moment, write: (w: ProtobufWriter) => void): Uint8Array {
  const w = new ProtobufWriter();
  w.double(EVENT.wallTime, wallTime);
  w.int(EVENT.step, step, 'step of an event');
  write(w);
  return w.finish();
}
