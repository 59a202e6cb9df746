/** A stretch of a text, by offsets: from `start` up to and without `end`. */
export type Span = { readonly start: number; readonly end: number };

/** Both counted from 1, as editors count them. */
export type Position = { readonly line: number; readonly column: number };

/** What is wrong with a text in one of the little languages, and where. Parsers throw it, and their entry points catch it. */
export class Complaint extends Error {
  readonly span: Span;

  constructor(message: string, span: Span) {
    super(message);
    this.name = 'Complaint';
    this.span = { start: span.start, end: span.end };
  }
}

export function positionOf(text: string, offset: number): Position {
  let line = 1;
  let from = 0;
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) {
    line += 1;
    from = at + 1;
  }
  return { line, column: offset - from + 1 };
}
