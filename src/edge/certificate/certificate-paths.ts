import { resolve } from 'node:path';
import type { TedgeSettings } from '../settings/tedge-settings.ts';

/** Where a device keeps its certificate and its key. */
export type CertificatePaths = { readonly certificate: string; readonly key: string };

/** Clouds that a certificate can be for. Without one, the settings of the device itself hold. */
export type Cloud = 'az';

export function certificatePaths(settings: TedgeSettings, cloud?: Cloud): CertificatePaths {
  const place = (path: string) => resolve(settings.directory, path);
  return cloud === undefined
    ? { certificate: place(settings.text('device.cert_path')), key: place(settings.text('device.key_path')) }
    : { certificate: place(settings.text(`${cloud}.device.cert_path`)), key: place(settings.text(`${cloud}.device.key_path`)) };
}

/** Beside the certificate, until the next connect adopts it. */
export function pendingCertificatePath({ certificate }: Pick<CertificatePaths, 'certificate'>): string {
  return `${certificate}.new`;
}
