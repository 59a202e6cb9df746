/** Rows to draw of a long list, and the space that stands for the ones above and below. */
export type RowWindow = { start: number; end: number; before: number; after: number };

/** Which of `count` rows of one height are in view, with some more on either side for quick scrolling. */
export function rowWindow(options: {
  scrollTop: number;
  viewHeight: number;
  rowHeight: number;
  count: number;
  extra: number;
}): RowWindow {
  const { scrollTop, viewHeight, rowHeight, count, extra } = options;
  const start = Math.max(0, Math.min(count, Math.floor(scrollTop / rowHeight)) - extra);
  const end = Math.min(count, Math.ceil((scrollTop + viewHeight) / rowHeight) + extra);
  return { start, end: Math.max(start, end), before: start * rowHeight, after: (count - Math.max(start, end)) * rowHeight };
}
