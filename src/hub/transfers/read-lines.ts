import { Problem } from '#base/problem.ts';
import { transferLimits } from './limits.ts';
import type { NumberedLine } from './transfer.ts';

/**
 * The lines of a blob, whatever ends them, in batches; `bytesRead` says how far that was. Empty lines count and are
 * not given. Throws Problem `argument-invalid` for a line that is too long.
 */
export async function* readLines(
  pieces: AsyncIterable<Buffer>,
): AsyncGenerator<{ lines: NumberedLine[]; bytesRead: number; last: number }> {
  let rest = Buffer.alloc(0);
  let line = 0;
  let bytesRead = 0;
  let batch: NumberedLine[] = [];
  const take = (bytes: Buffer) => {
    line += 1;
    if (bytes.length > transferLimits.lineBytesMax) {
      throw new Problem('argument-invalid', `Line ${line} has more than ${transferLimits.lineBytesMax} bytes.`);
    }
    const text = bytes
      .toString('utf8')
      .replace(/^\uFEFF/, '')
      .trim();
    if (text !== '') batch.push({ line, text });
  };
  for await (const piece of pieces) {
    bytesRead += piece.length;
    let start = 0;
    for (let end = piece.indexOf(10); end >= 0; end = piece.indexOf(10, start)) {
      take(Buffer.concat([rest, piece.subarray(start, end)]));
      rest = Buffer.alloc(0);
      start = end + 1;
      if (batch.length < transferLimits.linesAtOnce) continue;
      yield { lines: batch, bytesRead, last: line };
      batch = [];
    }
    rest = Buffer.concat([rest, piece.subarray(start)]);
    if (rest.length > transferLimits.lineBytesMax) take(rest);
  }
  if (rest.length > 0) take(rest);
  yield { lines: batch, bytesRead, last: line };
}
