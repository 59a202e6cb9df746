const surrogate = /[\ud800-\udfff]/;

/**
 * The order of code points, which is that of bytes in UTF-8 and so of both databases. JavaScript's own differs from it
 * where a text holds characters beyond the first 65,536.
 */
export function compareText(left: string, right: string): number {
  if (left === right) return 0;
  if (!surrogate.test(left) && !surrogate.test(right)) return left < right ? -1 : 1;
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}
