import { VarintReader, VarintWriter } from './varint.ts';

/** How many points a chunk holds when it is full: half an hour of a point every five seconds. */
export const chunkPointsMax = 360;

/**
 * How values are written, the first that gives every one of them back exactly:
 * as whole multiples of a power of ten (what sensors print), as 32-bit floats (what they compute
 * with), or as they are.
 */
const encodings = { decimal: 0, float32: 1, float64: 2 } as const;
const digitsMax = 6;
/** Keeps differences of two scaled values below 2^53 after zigzag. */
const scaledMax = 2 ** 50;

/**
 * Points of one series: times as differences of differences, which are zero for a steady sensor, then
 * values. Times are whole milliseconds, values finite.
 *
 *     encoding u8 · digits u8 · count · first time · time steps… · values
 */
export function encodeChunk(times: readonly number[], values: readonly number[]): Buffer {
  const digits = decimalDigits(values);
  const encoding =
    digits !== undefined
      ? encodings.decimal
      : values.every((value) => Object.is(Math.fround(value), value))
        ? encodings.float32
        : encodings.float64;
  const writer = new VarintWriter(16 + times.length * 4);
  writer.unsigned(times.length);
  writeTimes(writer, times);
  if (encoding === encodings.decimal) writeScaled(writer, values, 10 ** (digits ?? 0));
  const head = Buffer.from([encoding, digits ?? 0]);
  return Buffer.concat([head, writer.finish(), encoding === encodings.decimal ? none : encodeFloats(values, encoding)]);
}

/** Throws RangeError for bytes that are no chunk. */
export function decodeChunk(bytes: Uint8Array): { times: number[]; values: number[] } {
  const [encoding, digits = 0] = bytes;
  const reader = new VarintReader(bytes, 2);
  const count = reader.unsigned();
  const times = readTimes(reader, count);
  if (encoding === encodings.decimal) return { times, values: readScaled(reader, count, 10 ** digits) };
  const size = encoding === encodings.float32 ? 4 : encoding === encodings.float64 ? 8 : 0;
  if (size === 0) throw new RangeError('The chunk has an unknown encoding.');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values: number[] = [];
  for (let i = 0; i < count; i++) {
    const at = reader.offset + i * size;
    values.push(size === 4 ? view.getFloat32(at, true) : view.getFloat64(at, true));
  }
  return { times, values };
}

const none = Buffer.alloc(0);

/** The fewest digits behind the point that give every value back exactly; undefined when six do not. */
function decimalDigits(values: readonly number[]): number | undefined {
  let digits = 0;
  for (const value of values) {
    // Zero with a sign would come back without it.
    if (Object.is(value, -0)) return undefined;
    while (Math.round(value * 10 ** digits) / 10 ** digits !== value) if (++digits > digitsMax) return undefined;
  }
  for (const value of values) {
    const scaled = Math.round(value * 10 ** digits);
    if (Math.abs(scaled) > scaledMax || scaled / 10 ** digits !== value) return undefined;
  }
  return digits;
}

function writeTimes(writer: VarintWriter, times: readonly number[]): void {
  let before = 0;
  let step = 0;
  for (const [index, time] of times.entries()) {
    const next = time - before;
    writer.signed(index === 0 ? time : next - step);
    step = index === 0 ? 0 : next;
    before = time;
  }
}

function readTimes(reader: VarintReader, count: number): number[] {
  const times: number[] = [];
  let time = 0;
  let step = 0;
  for (let i = 0; i < count; i++) {
    const value = reader.signed();
    if (i === 0) time = value;
    else {
      step += value;
      time += step;
    }
    times.push(time);
  }
  return times;
}

function writeScaled(writer: VarintWriter, values: readonly number[], scale: number): void {
  let before = 0;
  for (const value of values) {
    const scaled = Math.round(value * scale);
    writer.signed(scaled - before);
    before = scaled;
  }
}

function readScaled(reader: VarintReader, count: number, scale: number): number[] {
  const values: number[] = [];
  let scaled = 0;
  for (let i = 0; i < count; i++) {
    scaled += reader.signed();
    values.push(scaled / scale);
  }
  return values;
}

function encodeFloats(values: readonly number[], encoding: number): Buffer {
  const size = encoding === encodings.float32 ? 4 : 8;
  const bytes = Buffer.allocUnsafe(values.length * size);
  for (const [index, value] of values.entries()) {
    if (size === 4) bytes.writeFloatLE(value, index * size);
    else bytes.writeDoubleLE(value, index * size);
  }
  return bytes;
}
