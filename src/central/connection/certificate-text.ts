import { parseBase64 } from '#base/bytes.ts';

/**
 * The file that a client put into a JSON text: PEM as it stands, or base64 of whatever the file held
 * (DER or PEM). What is neither is passed on as it came, so that the complaint is about the file.
 */
export function certificateFileOf(text: string): Buffer {
  if (text.trimStart().startsWith('-----')) return Buffer.from(text, 'utf8');
  return parseBase64(text) ?? Buffer.from(text, 'utf8');
}
