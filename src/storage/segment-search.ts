import { type BlockHeader, blockHeaderBytes, isBlockSound, readBlockHeader } from './segment-block.ts';

/**
 * The first sound block behind the start of `bytes`, which begin at `position` of the log. Only for
 * the moment after a checksum did not hold: blocks are otherwise found by their lengths, so that
 * nothing inside a record is ever taken for one.
 */
export function findBlockAfter(bytes: Buffer, position: number, salt: number): BlockHeader | undefined {
  for (let offset = 1; offset + blockHeaderBytes <= bytes.length; offset++) {
    const header = readBlockHeader(bytes, offset, position + offset);
    if (header && isBlockSound(bytes, offset, header, salt)) return header;
  }
  return undefined;
}
