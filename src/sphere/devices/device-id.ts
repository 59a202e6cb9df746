import { Problem } from '#base/problem.ts';
import { publicKeyOfDeviceId } from '#pki/key.ts';

/**
 * A device id as text from outside, in lower case. Throws Problem `argument-invalid` unless it has
 * 128 hex digits that are a point on P-256: every genuine one is a public key (sphere.md 0.2).
 */
export function parseSphereDeviceId(text: string): string {
  if (!/^[0-9a-fA-F]{128}$/.test(text)) {
    throw new Problem('argument-invalid', 'A device id has 128 hex digits.', { reason: 'device-id-malformed' });
  }
  if (!publicKeyOfDeviceId(text)) {
    throw new Problem('argument-invalid', 'The device id is not a point on P-256, so no device has it.', {
      reason: 'device-id-malformed',
    });
  }
  return text.toLowerCase();
}
