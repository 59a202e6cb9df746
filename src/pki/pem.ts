import { parseBase64 } from '#base/bytes.ts';
import { Problem } from '#base/problem.ts';
import { certificateBytesMax, parseCertificate } from './certificate.ts';
import { derLength } from './der.ts';

export type CertificateFileReason =
  | 'file-too-large'
  | 'file-pkcs7'
  | 'file-pkcs12'
  | 'file-private-key'
  | 'file-several-certificates'
  | 'certificate-malformed';

/** Certificates in one chain file; a device sends fewer. */
const chainCertificatesMax = 10;
const chainFileBytesMax = chainCertificatesMax * certificateBytesMax;

/**
 * The one certificate in an uploaded file, as DER: DER itself, one PEM block, or bare base64
 * (sphere.md 2.3). Throws Problem `certificate-invalid` whose reason says what else the file is; a
 * private key is refused before anything of it could be stored.
 */
export function parseCertificateFile(file: Uint8Array): Buffer {
  if (file.length > certificateBytesMax) {
    throw refused('file-too-large', `The file has ${file.length} bytes; a certificate has at most ${certificateBytesMax}.`);
  }
  const der = derOf(Buffer.from(file));
  refuseOtherFormats(der);
  parseCertificate(der);
  return der;
}

export function toPem(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

/** The certificates of a PEM file in order, leaf first as devices keep them; other blocks, such as the key, are passed over. */
export function parsePemChain(text: string): Buffer[] {
  if (text.length > chainFileBytesMax) throw refused('file-too-large', 'The chain file is too large.');
  const blocks = pemBlocks(text).filter(({ label }) => isCertificateLabel(label));
  if (blocks.length === 0) throw refused('certificate-malformed', 'The file holds no certificate.');
  if (blocks.length > chainCertificatesMax)
    throw refused('file-several-certificates', `The chain has more than ${chainCertificatesMax} certificates.`);
  return blocks.map(({ body }) => {
    const der = decodeBase64(body);
    parseCertificate(der);
    return der;
  });
}

function derOf(file: Buffer): Buffer {
  if (file[0] === sequenceTag) return file;
  const text = file.toString('latin1').replace(/^\xef\xbb\xbf/, '');
  if (!text.includes('-----BEGIN ')) return decodeBase64(text);
  const blocks = pemBlocks(text);
  if (/-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/.test(text)) throw privateKey();
  const [block] = blocks;
  if (!block) throw refused('certificate-malformed', 'The PEM block has no end.');
  if (blocks.length > 1 || text.split('-----BEGIN ').length > 2) {
    throw refused('file-several-certificates', 'The file holds more than one PEM block; upload the one certificate alone.');
  }
  if (/^(PKCS7|CMS|PKCS #7 SIGNED DATA)$/.test(block.label)) throw pkcs7();
  if (!isCertificateLabel(block.label)) throw refused('certificate-malformed', 'The PEM block is not a certificate.');
  return decodeBase64(block.body);
}

function isCertificateLabel(label: string): boolean {
  return label === 'CERTIFICATE' || label === 'X509 CERTIFICATE';
}

/** Linear in the text: each block is found by searching onwards from the last. */
function pemBlocks(text: string): { label: string; body: string }[] {
  const blocks: { label: string; body: string }[] = [];
  for (let at = text.indexOf('-----BEGIN '); at >= 0; ) {
    const labelEnd = text.indexOf('-----', at + 11);
    if (labelEnd < 0) break;
    const label = text.slice(at + 11, labelEnd);
    const end = text.indexOf(`-----END ${label}-----`, labelEnd + 5);
    if (end < 0) break;
    blocks.push({ label, body: text.slice(labelEnd + 5, end) });
    at = text.indexOf('-----BEGIN ', end);
  }
  return blocks;
}

const sequenceTag = 0x30;
const integerTag = 0x02;
const oidTag = 0x06;

/** Tells apart, by the first element inside, what else comes as DER and would only be called malformed. */
function refuseOtherFormats(der: Buffer): void {
  if (der[0] !== sequenceTag) throw refused('certificate-malformed', 'The file is neither DER, PEM nor base64 of a certificate.');
  const end = derLength(der);
  if (der[end] === sequenceTag) throw refused('file-several-certificates', 'The file holds more than one certificate.');
  const inner = der.subarray((der[1] ?? 0) < 0x80 ? 2 : 2 + ((der[1] ?? 0) & 0x7f));
  if (inner[0] === oidTag) throw pkcs7();
  if (inner[0] === integerTag && inner[2] === 3) {
    throw refused('file-pkcs12', 'The file is a PKCS#12 store; export the certificate alone, without its key.');
  }
  if (inner[0] === integerTag) throw privateKey();
}

function decodeBase64(text: string): Buffer {
  const der = parseBase64(text);
  if (!der || der.length === 0)
    throw refused('certificate-malformed', 'The file is neither DER, PEM nor base64 of a certificate.');
  return der;
}

function privateKey(): Problem {
  return refused(
    'file-private-key',
    'The file holds a private key. It was not stored; keep it to yourself and upload the certificate alone.',
  );
}

function pkcs7(): Problem {
  return refused('file-pkcs7', 'The file is a PKCS#7 chain; upload the one certificate alone.');
}

function refused(reason: CertificateFileReason, detail: string): Problem {
  return new Problem('certificate-invalid', detail, { reason });
}
