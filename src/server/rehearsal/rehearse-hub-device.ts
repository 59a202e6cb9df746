import { formatInstant, type Instant } from '#base/instant.ts';
import type { Hub } from '#hub/hub.ts';
import { type Certificate, parseCertificate } from '#pki/certificate.ts';
import type { Provisioning } from '#provisioning/provisioning.ts';
import type { Sphere } from '#sphere/sphere.ts';
import { type RehearsedDevice, rehearseDevice } from '#trust/rehearse-device.ts';
import type { RevocationEvidence } from '#trust/revocation.ts';
import { accept, refuse, type Verdict } from '#trust/verdict.ts';
import { type LastCredential, loadSphereRenewal, renewsByItself, withSuccessor } from './renewals.ts';

export type RehearsalRooms = {
  readonly provisioning: Pick<Provisioning, 'authorities' | 'groups' | 'registrations' | 'registerAt'>;
  readonly sphere: Pick<Sphere, 'devices' | 'authorities'>;
  /** The verified CAs of enabled enrollment groups, by SHA-256. */
  readonly enrolled: ReadonlySet<string>;
  /** The lists, as they will be then. */
  readonly revocation: RevocationEvidence;
};

export type Span = { readonly now: Instant; readonly until: Instant };

/** One device of a hub, by what it signed in with last. `commonEnds` are those of CAs and lists. */
export async function rehearseHubDevice(
  rooms: RehearsalRooms,
  hub: Pick<Hub, 'signInAt' | 'hostName'>,
  deviceId: string,
  credential: LastCredential,
  span: Span,
  commonEnds: readonly Instant[],
): Promise<RehearsedDevice> {
  const { revocation } = rooms;
  if (credential.certificates.length === 0) return rehearseToken(credential, span);
  const shown = credential.certificates.flatMap(readable);
  const [leaf] = shown;
  const sphere = leaf && (await loadSphereRenewal(rooms.sphere, rooms.enrolled, leaf));
  const registrationId = await findRegistration(rooms, hub, deviceId, leaf);
  const registerAt =
    registrationId === undefined
      ? undefined
      : (at: Instant) => rooms.provisioning.registerAt(registrationId, credential.certificates, { at, revocation });
  return rehearseDevice({
    ...span,
    ends: [...shown.map(({ notAfter }) => notAfter), ...commonEnds],
    signIn: (at) => hub.signInAt({ deviceId }, { certificates: credential.certificates, token: undefined }, { at, revocation }),
    register: registerAt && sphere ? withSuccessor(registerAt, sphere.successorAt) : registerAt,
    renews: sphere !== undefined || renewsByItself(credential),
  });
}

/** Its signature was good; what is kept of it is when it ends. */
function rehearseToken(credential: LastCredential, span: Span): Promise<RehearsedDevice> {
  const { endsAt } = credential;
  const signIn = async (at: Instant): Promise<Verdict<unknown>> => {
    if (endsAt === undefined || at <= endsAt) return accept(undefined);
    return refuse('token-expired', `The token ended at ${formatInstant(endsAt)}.`, {
      fix: 'Make a new token, or give the device its connection string, so that it makes its own.',
    });
  };
  const ends = endsAt === undefined ? [] : [endsAt];
  return rehearseDevice({ ...span, ends, signIn, register: undefined, renews: renewsByItself(credential) });
}

/** Under which id the device would register again; undefined when it never did, or now belongs elsewhere. */
async function findRegistration(
  { provisioning }: RehearsalRooms,
  hub: Pick<Hub, 'hostName'>,
  deviceId: string,
  leaf: Certificate | undefined,
): Promise<string | undefined> {
  for (const id of new Set([deviceId, ...(leaf?.commonNames ?? [])])) {
    const registration = await provisioning.registrations.load(id);
    const result = registration?.result;
    if (result?.status !== 'assigned' || result.deviceId !== deviceId) continue;
    if (result.hubHostName.toLowerCase() === hub.hostName.toLowerCase()) return registration?.registrationId;
  }
  return undefined;
}

function readable(der: Buffer): Certificate[] {
  try {
    return [parseCertificate(der)];
  } catch {
    // It was let in without it: what cannot be read was on no path.
    return [];
  }
}
