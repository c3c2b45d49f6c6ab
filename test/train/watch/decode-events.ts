/**
 * Reads TensorBoard event files, from the published description of their format alone; shares no code with the writer.
 * Framing: TensorFlow's "TFRecord" page. Messages: event.proto, summary.proto, tensor.proto. CRC-32C: bit by bit, as
 * RFC 3720 defines it.
 */
export interface DecodedEvent {
  wallTime: number;
  step: number;
  fileVersion?: string;
  sessionStart?: boolean;
  scalars?: Record<string, number>;
  texts?: Record<string, string>;
}

function checksum(bytes: Buffer): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  const whole = BigInt(~crc >>> 0);
  const rotated = (whole >> 15n) | ((whole << 17n) & 0xffffffffn);
  return Number((rotated + 0xa282ead8n) & 0xffffffffn);
}

function records(file: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at < file.length; ) {
    const length = Number(file.readBigUInt64LE(at));
    if (file.readUInt32LE(at + 8) !== checksum(file.subarray(at, at + 8))) throw new Error(`the length at ${at} is damaged`);
    const data = file.subarray(at + 12, at + 12 + length);
    if (file.readUInt32LE(at + 12 + length) !== checksum(data)) throw new Error(`the data at ${at} are damaged`);
    found.push(data);
    at += 16 + length;
  }
  return found;
}

/** A message's fields: numbers of varints and floats, bytes of the rest. */
function fieldsOf(message: Buffer): { field: number; wire: number; value: number; bytes: Buffer }[] {
  const fields: { field: number; wire: number; value: number; bytes: Buffer }[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = message.readUInt8(at++);
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return Number(BigInt.asIntN(64, value));
    }
  };
  while (at < message.length) {
    const tag = varint();
    const wire = tag & 7;
    let value = 0;
    let bytes: Buffer = Buffer.alloc(0);
    if (wire === 0) value = varint();
    else if (wire === 1) {
      value = message.readDoubleLE(at);
      at += 8;
    } else if (wire === 5) {
      value = message.readFloatLE(at);
      at += 4;
    } else if (wire === 2) {
      const length = varint();
      bytes = message.subarray(at, at + length);
      at += length;
      if (bytes.length !== length) throw new Error('a payload is cut off');
    } else throw new Error(`wire type ${wire}`);
    fields.push({ field: tag >> 3, wire, value, bytes });
  }
  return fields;
}

function decodeEvent(message: Buffer): DecodedEvent {
  const event: DecodedEvent = { wallTime: Number.NaN, step: 0 };
  for (const { field, value, bytes } of fieldsOf(message)) {
    if (field === 1) event.wallTime = value;
    else if (field === 2) event.step = value;
    else if (field === 3) event.fileVersion = bytes.toString();
    else if (field === 5) decodeSummary(bytes, event);
    else if (field === 7) event.sessionStart = fieldsOf(bytes).some((f) => f.field === 1 && f.value === 1);
    else throw new Error(`Event has no field ${field} that we write`);
  }
  return event;
}

function decodeSummary(summary: Buffer, event: DecodedEvent): void {
  for (const { bytes } of fieldsOf(summary)) {
    const fields = fieldsOf(bytes);
    const find = (field: number) => fields.find((f) => f.field === field);
    const tag = find(1)?.bytes.toString() ?? '';
    const simple = find(2);
    if (simple !== undefined) event.scalars = { ...event.scalars, [tag]: simple.value };
    const metadata = find(9);
    const tensor = find(8);
    if (metadata === undefined || tensor === undefined) continue;
    const plugin = fieldsOf(metadata.bytes).find((f) => f.field === 1);
    const name = fieldsOf(plugin?.bytes ?? Buffer.alloc(0))
      .find((f) => f.field === 1)
      ?.bytes.toString();
    const parts = fieldsOf(tensor.bytes);
    const isString = parts.some((f) => f.field === 1 && f.value === 7);
    const text = parts.find((f) => f.field === 8)?.bytes.toString();
    if (name !== 'text' || !isString || text === undefined) throw new Error('a text is a tensor of a string, for the plugin text');
    event.texts = { ...event.texts, [tag]: text };
  }
}

/** Every event of a file. @throws where a checksum does not fit */
export function decodeEvents(file: Buffer): DecodedEvent[] {
  return records(file).map(decodeEvent);
}
