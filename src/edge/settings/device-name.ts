import { Problem } from '#base/problem.ts';

/** Narrower than what a hub takes: the name stands in topics and in a certificate, whose CN has room for 64. */
const pattern = /^[A-Za-z0-9'=(),\-.?_*@!%]{1,64}$/;

/** Throws Problem `argument-invalid` for what cannot be the id of a thin-edge device (thin-edge.md 5). */
export function requireDeviceName(text: string): string {
  if (pattern.test(text)) return text;
  throw new Problem('argument-invalid', "A device id has 1 to 64 characters of A-Z a-z 0-9 and ' = ( ) , - . ? _ * @ ! %.");
}
