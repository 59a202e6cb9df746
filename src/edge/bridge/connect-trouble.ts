import { X509Certificate } from 'node:crypto';
import { formatInstant, type Instant, instant } from '#base/instant.ts';
import { Problem } from '#base/problem.ts';
import { RegistrationRefused } from '#wire/azure/dps-registration.ts';
import { ConnectRefused } from '#wire/mqtt/client-connection.ts';
import { readSmallFile } from '../host/read-small-file.ts';
import { ServerRefused } from '../reach/reach.ts';
import type { CredentialPlace } from '../registration/credential.ts';

/** Why there is no connection, for people. */
export type Trouble = {
  readonly text: string;
  /** It does not go away by waiting. */
  readonly needsPerson: boolean;
};

export type DeviceCertificate = { readonly path: string; readonly endsAt: Instant; readonly isSelfSigned: boolean };

const pemBytesMax = 160 * 1024;

/** undefined for a device with a key, and where there is nothing that can be read. */
export async function loadDeviceCertificate(place: CredentialPlace): Promise<DeviceCertificate | undefined> {
  if (place.kind !== 'certificate') return undefined;
  try {
    const pem = await readSmallFile(place.certificatePath, pemBytesMax);
    if (!pem) return undefined;
    const { validToDate, subject, issuer } = new X509Certificate(pem);
    return { path: place.certificatePath, endsAt: instant(validToDate.getTime()), isSelfSigned: subject === issuer };
  } catch {
    return undefined;
  }
}

/** The way to a new certificate, which no device finds alone: somebody has to say that it is to be trusted. */
export function renewalAdvice({ path, isSelfSigned }: DeviceCertificate): string {
  return isSelfSigned
    ? "Run 'tedge cert renew', register the thumbprint that it prints, then run 'tedge reconnect az'."
    : `Let its CA sign the request of 'tedge cert create-csr' and put the certificate at ${path}; it is read at each attempt.`;
}

/** What `error` means to people, who may know the device as `deviceId`, and a module of it as `device/module`. */
export function connectTrouble(
  error: unknown,
  context: { readonly deviceId: string; readonly certificate: DeviceCertificate | undefined; readonly now: Instant },
): Trouble {
  const { deviceId, certificate, now } = context;
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof ServerRefused) return { text: message, needsPerson: true };
  // What is missing on this disk, or wrong in it.
  if (error instanceof Problem) return { text: message, needsPerson: error.code !== 'unavailable' };
  const isRefused = error instanceof ConnectRefused;
  if (!isRefused && !(error instanceof RegistrationRefused)) return { text: message, needsPerson: false };
  // 3 is a hub that has too much to do.
  if (isRefused && error.code === 3) return { text: message, needsPerson: false };
  const who = isRefused ? 'The hub' : 'The provisioning service';
  if (certificate && now > certificate.endsAt) {
    const ended = formatInstant(certificate.endsAt);
    return {
      text: `${who} refuses ${deviceId}, whose certificate ended at ${ended}. ${renewalAdvice(certificate)}`,
      needsPerson: true,
    };
  }
  const text = isRefused
    ? `The hub refuses ${deviceId} (code ${error.code}): it has no such ${deviceId.includes('/') ? 'module' : 'device'}, or disabled it, or knows another certificate or key of it.`
    : `The provisioning service refuses ${deviceId}: ${message}`;
  return { text, needsPerson: true };
}
