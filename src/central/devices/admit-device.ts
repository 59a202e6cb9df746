import { Problem } from '#base/problem.ts';
import type { Provisioning } from '#provisioning/provisioning.ts';
import { announcedModel } from '../templates/announced-model.ts';
import type { Templates } from '../templates/templates.ts';
import { assuranceOf } from './assurance.ts';
import type { Device } from './device.ts';
import type { Devices } from './devices.ts';

/** The provisioning service asks one of these about each registration whose credentials it has accepted. */
export type Allocator = Parameters<Provisioning['setAllocator']>[0];
type AdmissionRequest = Parameters<Allocator>[0];
type Admission = Awaited<ReturnType<Allocator>>;

type Options = {
  devices: Devices;
  templates: Templates;
  /** Whether the group connects devices by itself. */
  connectsAutomatically(enrollmentGroupId: string): Promise<boolean>;
};

/** dps-service-protocol.md 2: refused by the allocator. */
const refusedByAllocator = 400209;

/**
 * Central's answer to a device that registers: the provisioning service's custom allocator.
 *
 * The certificate chain was checked before we are asked. What is decided here is whether the
 * application wants the device (blocked, or nobody approved it yet) and what it is (its template,
 * by the model it announces). A known device keeps its name, its template and its first spelling.
 */
export function buildAdmitDevice(options: Options): Allocator {
  const { devices, templates } = options;

  async function admit(request: AdmissionRequest): Promise<Admission> {
    const device = (await devices.load(request.registrationId)) ?? (await admitNew(request));
    if (device.isBlocked) {
      return { outcome: 'refuse', code: refusedByAllocator, message: 'The device is blocked.' };
    }
    if (!device.isApproved) return { outcome: 'wait' };
    const model = announcedModel(request.payload);
    const template = model === undefined || device.templateId !== undefined ? undefined : await templates.forModel(model);
    const admitted = await devices.update(device.deviceId, (current) => provision(current, request, model, template?.templateId));
    // Blocked between our first look and the write: the newest state counts.
    if (admitted.isBlocked) return { outcome: 'refuse', code: refusedByAllocator, message: 'The device is blocked.' };
    return { outcome: 'assign', deviceId: admitted.deviceId };
  }

  async function admitNew(request: AdmissionRequest): Promise<Device> {
    const { enrollmentGroupId } = request;
    // Whoever enrolled this very device has approved it with that.
    const isApproved = enrollmentGroupId === undefined || (await options.connectsAutomatically(enrollmentGroupId));
    const model = announcedModel(request.payload);
    // Something that only waits makes no template: whoever approves it decides that with it.
    const template = model === undefined || !isApproved ? undefined : await templates.forModel(model);
    try {
      return await devices.insert({
        deviceId: request.registrationId,
        displayName: request.registrationId.slice(0, 148),
        ...(template === undefined ? {} : { templateId: template.templateId }),
        ...(model === undefined ? {} : { modelId: model }),
        isBlocked: false,
        isApproved,
        isProvisioned: isApproved,
        isSimulated: false,
        ...(enrollmentGroupId !== undefined && { enrollmentGroupId }),
        assurance: assuranceOf(request.leafDer),
      });
    } catch (error) {
      // Two registrations of one device at once: the other one made it.
      if (error instanceof Problem && error.code === 'already-exists') return devices.require(request.registrationId);
      throw error;
    }
  }

  return admit;
}

function provision(device: Device, request: AdmissionRequest, model: string | undefined, templateId: string | undefined): Device {
  const assurance = assuranceOf(request.leafDer);
  const { enrollmentGroupId } = request;
  const changes: Partial<Device> = {
    ...(device.assurance === assurance ? {} : { assurance }),
    ...(device.isBlocked || device.isProvisioned ? {} : { isProvisioned: true }),
    ...(enrollmentGroupId === undefined || device.enrollmentGroupId === enrollmentGroupId ? {} : { enrollmentGroupId }),
    ...(model === undefined || model === device.modelId ? {} : { modelId: model }),
    ...(templateId === undefined || device.templateId !== undefined ? {} : { templateId }),
  };
  return Object.keys(changes).length === 0 ? device : { ...device, ...changes };
}
