import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProvisioningServiceClient } from 'azure-iot-provisioning-service';
import type { Clock } from '#base/clock.ts';
import { type CompatBench, type Identity, openCompatBench } from './compat-bench.ts';
import { firsts, placeEdge } from './edge-bench.ts';
import { type EdgeHere, runEdgeHere } from './edge-here.ts';
import { eventually } from './eventually.ts';
import { mosquittoPub } from './local-clients.ts';
import { openProvisioningService } from './provisioning-service.ts';

type Enrollment = Parameters<ProvisioningServiceClient['createOrUpdateIndividualEnrollment']>[0];

export const groupKey = Buffer.alloc(64, 21).toString('base64');
export const ownKey = Buffer.alloc(32, 22).toString('base64');
export const bridgeHealthTopic = 'te/device/main/service/tedge-mapper-bridge-az/status/health';

/** A server with a group that devices join by key, and one that they join by certificate; thin-edge devices that know its DPS alone. */
export async function openRegistrationBench(parameters: readonly string[] = []) {
  const bench = await openCompatBench({}, parameters);
  const { home } = bench;
  const { client: service } = await openProvisioningService(home);
  await bench.central.ok('PUT', '/api/enrollmentGroups/edges', {
    displayName: 'Edges',
    type: 'iot',
    attestation: { type: 'symmetricKey', symmetricKey: { primaryKey: groupKey, secondaryKey: groupKey } },
  });
  return {
    ...bench,
    service,
    enrollOne: (registrationId: string, attestation: object, more: object = {}) =>
      service.createOrUpdateIndividualEnrollment({ registrationId, attestation, ...more } as unknown as Enrollment),
    place(
      t: { after(fn: () => unknown): void },
      name: string,
      identity: Identity | undefined,
      settings: Readonly<Record<string, string>> = {},
      clock?: Clock,
    ): EdgeHere {
      const placed = placeEdge(t, bench, name, identity, {
        TEDGE_AZ_URL: '',
        TEDGE_AZ_DPS_URL: `${home.address}:${home.status.dps.mqttPort}`,
        TEDGE_AZ_DPS_ID_SCOPE: home.status.dps.idScope,
        TEDGE_DEVICE_ID: name,
        ...settings,
      });
      return runEdgeHere(t, placed, clock);
    },
    /** A file with a key, for a setting that names it. */
    keyFile: (name: string, key: string): string => placeKey(bench, name, key),
  };
}

export type RegistrationBench = Awaited<ReturnType<typeof openRegistrationBench>>;

function placeKey({ home }: CompatBench, name: string, key: string): string {
  const path = join(home.folder, `${name}.key`);
  writeFileSync(path, `${key}\n`, { mode: 0o600 });
  return path;
}

export const attestationByKey = (primaryKey: string) => ({
  type: 'symmetricKey',
  symmetricKey: { primaryKey, secondaryKey: primaryKey },
});

/** As a program of the device sends telemetry; resolves when the device has it safe. */
export async function publish(edge: EdgeHere, ...bodies: string[]): Promise<void> {
  const words = ['-q', '1', '-t', 'az/messages/events/', '-l'];
  assert.equal(await mosquittoPub(edge.port, words, bodies.map((body) => `${body}\n`).join('')), 0);
}

/** Resolves when the hub has `expected`, in that order. */
export async function arrived(edge: EdgeHere, expected: readonly string[]): Promise<void> {
  const bodies = await eventually(async () => {
    const found = firsts(await edge.bodies());
    return found.length >= expected.length ? found : undefined;
  }, 60_000);
  assert.deepEqual(bodies, expected);
}

/** `count` bodies to be told apart. */
export const numbered = (count: number) => Array.from({ length: count }, (_, index) => `{"n":${index}}`);

/** Puts another certificate, and its key, where `edge` has its own. Key first: in between they do not fit, and the attempt fails. */
export function replaceIdentity(edge: EdgeHere, { key, cert }: Identity): void {
  writeFileSync(join(edge.folder, 'key.pem'), key);
  writeFileSync(edge.certificate, cert);
}
