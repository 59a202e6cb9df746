import type { SettingName } from '../settings/setting-keys.ts';
import type { SettingValue } from '../settings/setting-value.ts';
import type { TedgeSettings } from '../settings/tedge-settings.ts';
import { certificatePaths } from './certificate-paths.ts';

/**
 * A setting as it holds. A device is who its certificate says: a configured id counts only while there
 * is no certificate (thin-edge.md 5).
 */
export async function loadEffective(settings: TedgeSettings, name: SettingName): Promise<SettingValue | undefined> {
  if (name !== 'device.id' && name !== 'az.device.id') return settings.load(name);
  const paths = certificatePaths(settings, name === 'device.id' ? undefined : 'az');
  // Every other setting is read without the code of certificates.
  const { loadCertificate } = await import('./read-certificate.ts');
  return (await loadCertificate(paths.certificate))?.commonNames[0] ?? settings.load(name);
}
