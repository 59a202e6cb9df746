import { parseBase64 } from '#base/bytes.ts';
import { Problem } from '#base/problem.ts';
import { derLength } from './der.ts';

/** Certificates or lists in one file; a bundle of all public roots has some hundred and fifty. */
const blocksMax = 1_000;
export const evidenceFileBytesMax = 4 * 1024 * 1024;

const certificateLabels = ['CERTIFICATE', 'X509 CERTIFICATE', 'TRUSTED CERTIFICATE'];
const listLabels = ['X509 CRL', 'CRL'];

/**
 * The certificates (or revocation lists) of a file for `homeport pki verify`, each as DER: DER structures one
 * after the other, or any number of PEM blocks, of which those of other kinds are passed over. What is in them
 * is not read here, so that whoever judges them meets the bytes a peer would send. Throws Problem
 * `certificate-invalid` for a file that holds none.
 */
export function readEvidenceFile(file: Uint8Array, kind: 'certificate' | 'list'): Buffer[] {
  const bytes = Buffer.from(file);
  if (bytes.length > evidenceFileBytesMax) throw refused(`it has more than ${evidenceFileBytesMax} bytes`);
  // DER may hold any text; text has no byte like the length of a certificate.
  const isDer = bytes[0] === 0x30 && (bytes[1] ?? 0) > 0x80;
  const isPem = !isDer && bytes.includes('-----BEGIN ');
  const blocks = isPem ? pemBlocks(bytes.toString('latin1'), kind === 'list' ? listLabels : certificateLabels) : derBlocks(bytes);
  if (blocks.length === 0) throw refused(kind === 'list' ? 'it holds no revocation list' : 'it holds no certificate');
  return blocks;
}

function pemBlocks(text: string, labels: readonly string[]): Buffer[] {
  const blocks: Buffer[] = [];
  // Each label is matched with its own end, so a block that is cut off takes nothing of the next.
  for (const [, label = '', body = ''] of text.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----([^-]*)-----END \1-----/g)) {
    if (!labels.includes(label)) continue;
    const der = parseBase64(body);
    if (!der) throw refused('a block is not base64');
    // OpenSSL's own kind has what it is trusted for behind the certificate.
    if (blocks.push(label === 'TRUSTED CERTIFICATE' ? der.subarray(0, lengthOf(der)) : der) > blocksMax)
      throw refused(`it has more than ${blocksMax} blocks`);
  }
  return blocks;
}

/** What does not look like DER is handed on whole: its reader says what is wrong with it. */
function derBlocks(bytes: Buffer): Buffer[] {
  const blocks: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const rest = bytes.subarray(at);
    const length = lengthOf(rest);
    blocks.push(rest.subarray(0, length));
    if (blocks.length > blocksMax) throw refused(`it has more than ${blocksMax} structures`);
    at += length;
  }
  return blocks;
}

function lengthOf(bytes: Buffer): number {
  try {
    return bytes[0] === 0x30 ? derLength(bytes) : bytes.length;
  } catch {
    return bytes.length;
  }
}

function refused(why: string): Problem {
  return new Problem('certificate-invalid', `The file cannot be used: ${why}.`, { reason: 'certificate-malformed' });
}
