/** Files far beyond any certificate are not sent at all; the exact limit is the server's to name. */
const bytesMax = 32 * 1024;

/** What the file chooser offers first. */
export const certificateFileTypes = '.cer,.crt,.pem,.der,application/x-x509-ca-cert,application/pkix-cert';

/** A certificate file as the API takes it: PEM as its text, anything else as base64. */
export function encodeCertificateFile(bytes: Uint8Array): string {
  if (bytes.length > bytesMax) throw new Error('The file is too large to be a certificate. Choose the certificate file itself.');
  return encode(bytes);
}

/** A list has at most 1 MiB; as PEM it is larger by a third. */
const listBytesMax = 1.5 * 1024 * 1024;

export const revocationListFileTypes = '.crl,.pem,.der,application/pkix-crl';

/** A revocation list as the API takes it, in the same way. */
export function encodeRevocationListFile(bytes: Uint8Array): string {
  if (bytes.length > listBytesMax) throw new Error('The file is too large: a revocation list has at most 1 MiB.');
  return encode(bytes);
}

function encode(bytes: Uint8Array): string {
  if (bytes.length === 0) throw new Error('The file is empty.');
  const text = new TextDecoder('latin1').decode(bytes);
  return text.trimStart().startsWith('-----BEGIN') ? text : btoa(binaryText(bytes));
}

function binaryText(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
