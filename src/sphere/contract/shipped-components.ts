import { createHash } from 'node:crypto';
import type { Component } from './evidence.ts';

/**
 * What the shipped simulators report as measurements and what first run writes as reference values:
 * one source for both. A simulated component has no image, so its digest is taken over a canonical
 * text that names it; changing a version here changes the digest everywhere.
 */
type ShippedComponent = Pick<Component, 'id' | 'type' | 'version' | 'svn'>;

const signer = 'homeport-simulator-release';

const platformParts: readonly ShippedComponent[] = [
  { id: 'homeport-sim-bootloader', type: 'bootloader', version: '1.0.0', svn: 1 },
  { id: 'homeport-sim-kernel', type: 'kernel', version: '1.0.0', svn: 1 },
  { id: 'homeport-sim-rootfs', type: 'rootfs', version: '1.0.0', svn: 1 },
  { id: 'homeport-sim-agent', type: 'agent', version: '1.0.0', svn: 1 },
];

const applications = {
  d1: { id: 'azureiot-thermometer', type: 'app', version: '1.0.0', svn: 1 },
  d4: { id: 'iotcentral-temperature-humidity', type: 'app', version: '1.0.0', svn: 1 },
} as const satisfies Record<string, ShippedComponent>;

export type ShippedApplication = keyof typeof applications;

export const shippedApplications = Object.keys(applications) as ShippedApplication[];

/**
 * The model id that the board behind `npm start` announces and no other device does, so that Central
 * gives it the template made for it.
 */
export const demoModelId = 'dtmi:homeport:demo:environment;1';

/** `swname` and `swversion` of the simulated operating system. */
export const shippedSystem = { name: 'homeport-sim', version: '1.0.0' } as const;

/** The component list that the simulator of `application` measures and reports. */
export function shippedComponents(application: ShippedApplication): Component[] {
  return [...platformParts, applications[application]].map(measure);
}

/** Each shipped component once: the reference values of a new installation. */
export function allShippedComponents(): Component[] {
  return [...platformParts, ...Object.values(applications)].map(measure);
}

function measure(part: ShippedComponent): Component {
  const text = ['homeport-component/1', part.id, part.type, part.version, String(part.svn), signer].join('\n');
  return { ...part, signer, alg: 'sha-256', digest: createHash('sha256').update(text).digest('hex') };
}
