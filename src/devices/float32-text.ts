/**
 * `value` rounded to float32 and printed as C's `%1.17g` prints it: what the sample's JSON writer puts
 * on the wire (sphere.md 6.3). 49.7 becomes `49.700000762939453`.
 */
export function float32Text(value: number): string {
  const narrow = Math.fround(value);
  if (Object.is(narrow, -0)) return '-0';
  const [mantissa = '', exponent] = narrow.toPrecision(17).split('e');
  const short = mantissa.includes('.') ? mantissa.replace(/\.?0+$/, '') : mantissa;
  if (exponent === undefined) return short;
  // C writes at least two digits of exponent.
  return `${short}e${exponent[0]}${exponent.slice(1).padStart(2, '0')}`;
}
