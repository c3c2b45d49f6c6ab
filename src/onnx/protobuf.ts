/**
 * The least of protobuf's wire format that ONNX needs (https://protobuf.dev/programming-guides/encoding).
 *
 * A message is a row of fields. A field is a tag, the varint of field number × 8 + wire type, and a payload:
 *
 * - `varint`: an integer, seven bits a byte, lowest first, the eighth bit set on all but the last byte;
 * - `fixed64`, `fixed32`: eight or four bytes, little-endian;
 * - `delimited`: a varint length and that many bytes: text, raw bytes, a message, or a packed row of numbers.
 *
 * Fields of unknown number are stepped over; a repeated field is one written several times. Groups (wire types 3 and 4)
 * are long deprecated and ONNX never had them.
 */
export const Wire = { varint: 0, fixed64: 1, delimited: 2, fixed32: 5 } as const;
