import type { CaCertificates } from '#authorities/ca-certificates.ts';
import { isDeviceId } from '#base/ids.ts';
import { formatInstant } from '#base/instant.ts';
import { nearSpellings } from '#base/near-spelling.ts';
import type { FindNearest, NearMatch, Refusal, RefusalReason } from '#trust/verdict.ts';
import type { Identity } from '../identity.ts';
import type { Modules } from './modules.ts';
import type { Registry } from './registry.ts';

type Rooms = {
  readonly registry: Pick<Registry, 'load' | 'neighbours' | 'pastThumbprints'> & { readonly modules: Pick<Modules, 'list'> };
  readonly authorities: Pick<CaCertificates, 'list'>;
};

/** What a refused sign-in is remembered by: a few short texts, since the look-up comes later. */
type Attempt = Identity & {
  readonly reason: RefusalReason;
  readonly certificateName: string | undefined;
  readonly thumbprints: readonly string[];
  /** Under which name a CA was missing. */
  readonly missingIssuer: string | undefined;
};

const eachMax = 3;

/** What of this hub comes nearest to the identity and the credential of a sign-in that was refused. */
export function nearestDevice(rooms: Rooms, { deviceId, moduleId }: Identity, { reason, chain = [] }: Refusal): FindNearest {
  const leaf = chain[0]?.certificate;
  const attempt: Attempt = {
    deviceId,
    ...(moduleId !== undefined && { moduleId }),
    reason,
    certificateName: leaf?.commonName !== undefined && isDeviceId(leaf.commonName) ? leaf.commonName : undefined,
    thumbprints: leaf ? [leaf.sha1Thumbprint.toLowerCase(), leaf.sha256Thumbprint.toLowerCase()] : [],
    missingIssuer: chain.find(({ role }) => role === 'absent')?.subject.slice(0, 400),
  };
  // What no id can be is like none, and not every database takes it as a text.
  if (!isDeviceId(deviceId)) return async () => [];
  return async () =>
    (
      await Promise.all([
        spelledAlike(rooms, attempt),
        replacedThumbprint(rooms, attempt),
        namedInCertificate(rooms, attempt),
        disabledToo(rooms, attempt),
        namesakes(rooms, attempt),
      ])
    ).flat();
}

async function spelledAlike({ registry }: Rooms, { deviceId, moduleId, reason }: Attempt): Promise<NearMatch[]> {
  if (reason !== 'device-unknown') return [];
  if (moduleId !== undefined && (await registry.load(deviceId))) {
    const ids = (await registry.modules.list(deviceId)).map((module) => module.moduleId);
    return nearSpellings(moduleId, ids, eachMax).map(({ name, how }) => ({
      kind: 'module',
      name: `${deviceId}/${name}`,
      detail: `The device has a module ${name}: ${how}.`,
    }));
  }
  return nearSpellings(deviceId, await registry.neighbours(deviceId), eachMax).map(({ name, how }) => ({
    kind: 'device',
    name,
    detail: `There is a device ${name}: ${how}. Device ids are case-sensitive.`,
  }));
}

async function replacedThumbprint({ registry }: Rooms, { deviceId, reason, thumbprints }: Attempt): Promise<NearMatch[]> {
  if (reason !== 'thumbprint-mismatch') return [];
  const past = await registry.pastThumbprints(deviceId);
  const found = past.find(({ thumbprint }) => thumbprints.includes(thumbprint.toLowerCase()));
  if (!found) return [];
  const detail = `This was the device’s thumbprint until it was replaced at ${formatInstant(found.replacedAt)}.`;
  return [{ kind: 'thumbprint', name: found.thumbprint, detail }];
}

const namedReasons: ReadonlySet<RefusalReason> = new Set(['device-unknown', 'common-name-mismatch', 'thumbprint-mismatch']);

async function namedInCertificate({ registry }: Rooms, { deviceId, reason, certificateName }: Attempt): Promise<NearMatch[]> {
  if (!namedReasons.has(reason) || certificateName === undefined || certificateName === deviceId) return [];
  if (!(await registry.load(certificateName))) return [];
  return [{ kind: 'device', name: certificateName, detail: 'The certificate names this device, and the hub knows it.' }];
}

async function disabledToo({ registry }: Rooms, { deviceId, reason }: Attempt): Promise<NearMatch[]> {
  if (reason === 'device-disabled') return [];
  const device = await registry.load(deviceId);
  return device?.isEnabled === false ? [{ kind: 'device', name: deviceId, detail: 'This device is disabled as well.' }] : [];
}

async function namesakes({ authorities }: Rooms, { missingIssuer }: Attempt): Promise<NearMatch[]> {
  if (missingIssuer === undefined) return [];
  const known = await authorities.list();
  return nearSpellings(
    missingIssuer,
    known.map(({ subject }) => subject),
    eachMax,
  ).flatMap(({ name, how }) => {
    const found = known.find(({ subject }) => subject === name);
    if (!found) return [];
    const standing = found.isVerified ? 'verified' : 'not verified';
    return [
      { kind: 'certificate', name: found.certificateId, detail: `The CA certificate ${name} is ${standing}: ${how}.` } as const,
    ];
  });
}
