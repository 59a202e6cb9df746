/** What a pasted text says of a certificate. */
export type FoundCertificate = { thumbprint?: string; deviceId?: string };

/** SHA-1 and SHA-256. */
const digits = [40, 64];

/** Upper case without colons and blanks: the form in which the hub shows thumbprints. */
export function plainThumbprint(text: string): string {
  return text.replace(/[\s:]/g, '').toUpperCase();
}

export function isThumbprint(text: string): boolean {
  const plain = plainThumbprint(text);
  return /^[0-9A-F]+$/.test(plain) && digits.includes(plain.length);
}

/**
 * Finds thumbprint and device id in the output of `tedge cert show`, of either generation, or of
 * `openssl x509 -fingerprint -subject`; a bare thumbprint is one too. The device id is the common name of
 * the subject.
 */
export function findCertificate(text: string): FoundCertificate {
  const line = /^\s*(?:thumbprint|.*fingerprint)\s*[:=]\s*([0-9a-f: ]+?)\s*$/im.exec(text)?.[1] ?? text;
  const subject = /^\s*subject\s*[:=]\s*(.*)$/im.exec(text)?.[1] ?? '';
  // Ids may hold a comma and an equals sign, but no blank: the next attribute begins behind one.
  const name = /(?:^|, )CN ?= ?(.*?)(?=, [A-Za-z0-9.]+ ?=|\s*$)/.exec(subject)?.[1];
  return {
    ...(isThumbprint(line) ? { thumbprint: plainThumbprint(line) } : {}),
    ...(name ? { deviceId: name } : {}),
  };
}
