import { formatHttpDate, type Instant } from '#base/instant.ts';
import type { Certificate } from '#pki/certificate.ts';
import { formatNameAsEncoded } from '#pki/names.ts';
import { formatDuration } from '../settings/duration.ts';

/** The six lines of the first generation, which scripts and guides read (thin-edge.md 3.3). */
export function formatSeedLines(certificate: Certificate, path: string): string[] {
  return [
    `Device certificate: ${path}`,
    `Subject: ${formatNameAsEncoded(certificate.subjectDer)}`,
    `Issuer: ${formatNameAsEncoded(certificate.issuerDer)}`,
    `Valid from: ${formatMailDate(certificate.notBefore)}`,
    `Valid up to: ${formatMailDate(certificate.notAfter)}`,
    `Thumbprint: ${certificate.sha1Thumbprint}`,
  ];
}

/** The eight lines of later generations. `soonMs` is how little time is called soon. */
export function formatModernLines(certificate: Certificate, path: string, at: Instant, soonMs: number): string[] {
  const serial = BigInt(`0x${certificate.serialHex}`);
  const lines: [string, string][] = [
    ['Certificate:', path],
    ['Subject:', formatNameAsEncoded(certificate.subjectDer)],
    ['Issuer:', formatNameAsEncoded(certificate.issuerDer)],
    ['Status:', formatStatus(certificate, at, soonMs)],
    ['Valid from:', formatMailDate(certificate.notBefore)],
    ['Valid until:', formatMailDate(certificate.notAfter)],
    ['Serial number:', `${serial} (0x${serial.toString(16)})`],
    ['Thumbprint:', certificate.sha1Thumbprint],
  ];
  return lines.map(([label, value]) => `${label.padEnd(15)}${value}`);
}

/** `VALID (expires in: …)` and the like. */
export function formatStatus({ notBefore, notAfter }: Certificate, at: Instant, soonMs: number): string {
  if (at < notBefore) return `NOT VALID YET (will be in: ${formatDuration(notBefore - at)})`;
  if (at > notAfter) return `EXPIRED (since: ${formatDuration(at - notAfter)})`;
  return `${notAfter - at < soonMs ? 'EXPIRES SOON' : 'VALID'} (expires in: ${formatDuration(notAfter - at)})`;
}

/** RFC 2822 in UTC: `Fri, 03 Jan 2025 08:05:09 +0000`. */
function formatMailDate(at: Instant): string {
  return formatHttpDate(at).replace('GMT', '+0000');
}
