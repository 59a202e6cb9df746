import { join } from 'node:path';
import type { Platform } from '#base/platform.ts';
import { runSphereSimulator } from '#devices/run-sphere-simulator.ts';
import type { Provisioning } from '#provisioning/provisioning.ts';
import { demoModelId } from '#sphere/contract/shipped-components.ts';
import type { DemoTenant, Sphere } from '#sphere/sphere.ts';

export type DemoOptions = {
  readonly platform: Platform;
  readonly directory: string;
  readonly sphere: Pick<Sphere, 'openDemoTenant'>;
  readonly provisioning: Pick<Provisioning, 'authorities' | 'groups' | 'idScope'>;
  readonly sphereUrl: string;
  readonly hostName: string;
  readonly mqttPort: number;
  /** PEM. */
  readonly ca: string;
};

const groupId = 'homeport-demo';
const certificateId = 'homeport-demo-primary';

/**
 * The device behind `npm start`: a simulated Azure Sphere board in a tenant of its own
 * (docs/decisions/0016). Everything a person does by hand is done here once, through the same doors:
 * the tenant's CA is uploaded, proven and verified, the board is claimed, and from then on it
 * attests, registers and connects over real sockets like any other.
 */
export async function startDemo(options: DemoOptions): Promise<{ stop(): Promise<void> }> {
  const { platform, directory, sphere, provisioning, sphereUrl, hostName, mqttPort, ca } = options;
  const tenant = await sphere.openDemoTenant();
  await enrollTenant(provisioning, tenant);
  const folder = join(directory, 'demo');
  const simulator = await runSphereSimulator({
    platform,
    application: 'd4',
    announcedModelId: demoModelId,
    keyStoreDirectory: join(folder, 'board'),
    // Not among the attached boards, or `azsphere device claim` would have to ask which one is meant.
    socketDirectory: folder,
    sphereUrl,
    connection: { type: 'dps', host: hostName, port: mqttPort, idScope: provisioning.idScope },
    hubPort: mqttPort,
    ca,
    onEvent: (event) => {
      if (event.type === 'log' && event.level !== 'INFO') platform.log.warn('demo.device', { line: event.line });
    },
  });
  const { tenantId } = tenant;
  // A board that is claimed already answers that nothing changed.
  await simulator.claim({ serviceUrl: sphereUrl, tenantId, claimCode: await tenant.createClaimCode() });
  return simulator;
}

async function enrollTenant({ authorities, groups }: DemoOptions['provisioning'], tenant: DemoTenant): Promise<void> {
  const known = await authorities.load(certificateId);
  const isSame = known?.der.equals(tenant.certificate) === true;
  if (!isSame || !known.isVerified) {
    // The CA of before, where there was one, has been followed by this one.
    if (!isSame) await authorities.upload({ certificateId, file: tenant.certificate, by: 'demo', replace: true });
    const { verificationCode = '' } = await authorities.generateVerificationCode(certificateId);
    await authorities.verify(certificateId, await tenant.issueProof(verificationCode), 'demo');
  }
  if (await groups.load(groupId)) return;
  await groups.create({
    groupId,
    displayName: 'Homeport demo',
    type: 'iot',
    isEnabled: true,
    attestation: { type: 'x509', primaryCertificateId: certificateId },
  });
}
