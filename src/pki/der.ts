import { Problem } from '#base/problem.ts';

/** Generous for certificates and requests; a parser that meets more is being attacked. */
const certificateElementsMax = 2_000;
const depthMax = 24;
/** Tags whose contents are a list of elements. */
const constructedBit = 0x20;

/**
 * Throws Problem `certificate-invalid` unless `bytes` are exactly one element of definite-length,
 * minimally encoded TLV, within our bounds on depth and count. It runs before any parser, so that
 * what a parser may be made to do is bounded by the size of its input, and so that two parsers
 * cannot disagree about where an element ends.
 */
export function requireDer(bytes: Uint8Array, elementsMax = certificateElementsMax): void {
  const walk = { elements: 0, elementsMax };
  if (bytes.length === 0 || walkElement(bytes, { start: 0, end: bytes.length, depth: 0 }, walk) !== bytes.length) {
    throw invalid('bytes follow the end of the structure');
  }
}

/** The offset behind the first element of `bytes`, whatever comes after it. */
export function derLength(bytes: Uint8Array): number {
  const header = readHeader(bytes, 0, bytes.length);
  return header.contentStart + header.length;
}

function walkElement(
  bytes: Uint8Array,
  span: { start: number; end: number; depth: number },
  walk: { elements: number; elementsMax: number },
): number {
  if (span.depth > depthMax) throw invalid(`it nests deeper than ${depthMax} levels`);
  if (++walk.elements > walk.elementsMax) throw invalid(`it has more than ${walk.elementsMax} elements`);
  const { tag, contentStart, length } = readHeader(bytes, span.start, span.end);
  const end = contentStart + length;
  if ((tag & constructedBit) !== 0) {
    for (let at = contentStart; at < end; ) at = walkElement(bytes, { start: at, end, depth: span.depth + 1 }, walk);
  }
  return end;
}

function readHeader(bytes: Uint8Array, start: number, end: number): { tag: number; contentStart: number; length: number } {
  const tag = bytes[start];
  const first = bytes[start + 1];
  if (tag === undefined || first === undefined || start + 2 > end) throw invalid('it is cut short');
  if ((tag & 0x1f) === 0x1f) throw invalid('it uses a long tag');
  let length = first;
  let contentStart = start + 2;
  if (first >= 0x80) {
    const size = first & 0x7f;
    if (size === 0 || size > 3) throw invalid('a length is indefinite or too large');
    length = 0;
    for (let i = 0; i < size; i++) length = length * 256 + (bytes[contentStart++] ?? 0);
    if (length < 0x80 || length < 2 ** (8 * (size - 1))) throw invalid('a length is not minimal');
  }
  if (contentStart + length > end) throw invalid('it is cut short');
  return { tag, contentStart, length };
}

function invalid(why: string): Problem {
  return new Problem('certificate-invalid', `This is not well-formed DER: ${why}.`, { reason: 'certificate-malformed' });
}
