import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CompatBench } from './compat-bench.ts';

export type BridgeDevice = Awaited<ReturnType<typeof makeBridgeDevice>>;

/** A device that is registered by its thumbprint, with the files that a bridge of Mosquitto reads. */
export async function makeBridgeDevice(bench: CompatBench, deviceId: string) {
  const { home } = bench;
  const identity = bench.selfSignedOf(deviceId);
  const folder = mkdtempSync(join(home.folder, 'edge-'));
  const [certificate, key] = [join(folder, 'certificate.pem'), join(folder, 'key.pem')];
  writeFileSync(certificate, identity.cert);
  writeFileSync(key, identity.key, { mode: 0o600 });
  await bench.central.ok('PUT', `/api/devices/${encodeURIComponent(deviceId)}`, { displayName: deviceId });
  await bench.createHubDevice(deviceId, { primary: identity.leaf.certificate.sha1Thumbprint });
  return { deviceId, identity, folder, certificate, key };
}
