const digits = 17;

/**
 * `value` rounded to float32 and printed as C's `%1.17g` prints it: what the sample's JSON writer puts
 * on the wire (sphere.md 6.3). 49.7 becomes `49.700000762939453`.
 */
export function float32Text(value: number): string {
  const narrow = Math.fround(value);
  if (Object.is(narrow, -0)) return '-0';
  const [mantissa = '', exponent] = roundHalfEven(narrow).split('e');
  const short = mantissa.includes('.') ? mantissa.replace(/\.?0+$/, '') : mantissa;
  if (exponent === undefined) return short;
  // C writes at least two digits of exponent.
  return `${short}e${exponent[0]}${exponent.slice(1).padStart(2, '0')}`;
}

/**
 * A float32 near 50 often has 18 digits of which the last is a 5: exactly between two texts. JavaScript
 * then takes the greater, C the one that ends even.
 */
function roundHalfEven(narrow: number): string {
  const text = narrow.toPrecision(digits);
  const exact = narrow.toExponential(100).replace(/e.*$|[^\d]/g, '');
  const isTie = /^50*$/.test(exact.slice(digits));
  if (!isTie) return text;
  // After rounding up, an odd last digit is one too many; it is never a 0, so nothing is borrowed.
  return text.replace(/[13579](?=$|e)/, (digit) => String(Number(digit) - 1));
}
