import type { Json, JsonObject } from '#base/json.ts';
import { asProblem, Problem, type ProblemCode } from '#base/problem.ts';
import type { RegistrationCaller } from '#trust/caller.ts';
import type { InitialTwin } from '../allocation/allocation-settings.ts';
import type { Allocation } from '../allocation/allocator.ts';
import type { ChooseHub, HubChoice } from '../allocation/choose-hub.ts';
import { findLinkedHub, type LinkedHub, type LinkedHubs } from '../allocation/linked-hubs.ts';
import { isSameHost, staysWhereItIs, substatusOf } from './decide-move.ts';
import type { LoadEnrollment } from './enrollment-of-caller.ts';
import { type IdentityOptions, provisionIdentity } from './provision-identity.ts';
import type { Assignment } from './registration.ts';

export type AssignHubOptions = IdentityOptions & {
  readonly hubs: LinkedHubs;
  readonly loadEnrollment: LoadEnrollment;
  readonly chooseHub: ChooseHub;
};

export type AssignmentAttempt = {
  readonly caller: RegistrationCaller;
  readonly allocation: Extract<Allocation, { outcome: 'assign' }>;
  readonly payload: Json | undefined;
  /** Where the device is. */
  readonly previous: Assignment | undefined;
};

export type HubAssignment =
  | (Assignment & { readonly outcome: 'assigned'; readonly payload?: JsonObject })
  | Extract<HubChoice, { outcome: 'wait' | 'failed' }>;

/** What a hub says that a poll later would be no different: the device registers anew (dps-service-protocol.md 2.2). */
const lastingErrors: ReadonlyMap<ProblemCode, number> = new Map([
  ['twin-invalid', 400004],
  ['argument-invalid', 400004],
  ['quota-exceeded', 403000],
] as const);

/**
 * Gives a device that may register its hub and its identity there. One that moves takes its twin along, or
 * leaves it behind, as its enrollment says; its old identity goes when the new one stands, so that what
 * breaks off in between is done again and never leaves the device without either.
 */
export async function assignHub(options: AssignHubOptions, attempt: AssignmentAttempt): Promise<HubAssignment> {
  const { caller, allocation, payload, previous } = attempt;
  const enrollment = await options.loadEnrollment(caller);
  if (!enrollment) throw new Problem('enrollment-not-found', 'The enrollment was deleted.');
  const { reprovisionPolicy } = enrollment.allocation;
  const from = previous && findLinkedHub(options.hubs.list(), previous.hubHostName);
  const stays = from !== undefined && staysWhereItIs(reprovisionPolicy, true);
  const choice: HubChoice = stays
    ? { outcome: 'chosen', link: from }
    : await options.chooseHub({
        registrationId: caller.registrationId,
        settings: enrollment.allocation,
        enrollment: enrollment.document,
        attestation: caller.leafDer === undefined ? 'symmetricKey' : 'x509',
        current: previous,
        payload,
      });
  if (choice.outcome !== 'chosen') return choice;
  const { hub } = choice.link;
  const deviceId = stays && previous ? previous.deviceId : (caller.deviceId ?? allocation.deviceId ?? caller.registrationId);
  const movedFrom = from && !isSameHost(from.hub.hostName, hub.hostName) ? from : undefined;
  const takesTwin = movedFrom !== undefined && reprovisionPolicy.updateHubAssignment && reprovisionPolicy.migrateDeviceData;
  const carried = takesTwin ? await loadTwin(movedFrom, previous?.deviceId ?? deviceId) : undefined;
  const twin = carried ?? choice.initialTwin ?? enrollment.allocation.initialTwin ?? allocation.initialTwin;
  try {
    await provisionIdentity(options, hub, deviceId, caller, twin && withoutMarks(twin));
  } catch (error) {
    const { code, message } = asProblem(error);
    const errorCode = lastingErrors.get(code);
    if (errorCode === undefined) throw error;
    return { outcome: 'failed', errorCode, errorMessage: message };
  }
  if (movedFrom && previous) await moveOut(movedFrom, previous.deviceId, () => hub.registry.setEnabled(deviceId, false));
  const handed = choice.payload ?? allocation.payload;
  return {
    outcome: 'assigned',
    hubHostName: hub.hostName,
    deviceId,
    substatus: substatusOf(previous, reprovisionPolicy, hub.hostName),
    firstHubHostName: previous?.firstHubHostName ?? hub.hostName,
    ...(handed && { payload: handed }),
  };
}

async function loadTwin({ hub }: LinkedHub, deviceId: string): Promise<InitialTwin | undefined> {
  try {
    const { tags, desired } = await hub.twins.load(deviceId);
    return { tags, desired };
  } catch (error) {
    if (asProblem(error).code === 'device-not-found') return undefined;
    throw error;
  }
}

/** Deletes the old identity. What its owner disabled stays disabled wherever it goes. */
async function moveOut({ hub }: LinkedHub, deviceId: string, disable: () => Promise<unknown>): Promise<void> {
  const old = await hub.registry.load(deviceId);
  if ((old?.ownStatus ?? old)?.isEnabled === false) await disable();
  try {
    await hub.registry.delete(deviceId);
  } catch (error) {
    if (asProblem(error).code !== 'device-not-found') throw error;
  }
}

/** Twin collections of some clients carry what the service says of them, not what the owner wrote (dps-service-protocol.md 4.1). */
function withoutMarks({ tags, desired }: InitialTwin): InitialTwin {
  return { ...(tags && { tags: owned(tags) }), ...(desired && { desired: owned(desired) }) };
}

const serviceMarks: ReadonlySet<string> = new Set(['$version', '$metadata']);

function owned(section: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(section).filter(
      ([name, value]) => !serviceMarks.has(name) && !(value === null && ['version', 'count', 'metadata'].includes(name)),
    ),
  );
}
