import type { RevocationList, RevocationLists } from '#authorities/revocation-lists.ts';
import type { RevocationSources } from '#authorities/revocation-sources.ts';
import { type Clock, pause } from '#base/clock.ts';
import { dayMs, formatInstant, type Instant, plus } from '#base/instant.ts';
import { Problem } from '#base/problem.ts';
import type { RehearsalBody, RehearsedDrop, RehearsedEnd } from '#central/contract/ui-rehearsal.ts';
import type { Hub, HubDirectory } from '#hub/hub.ts';
import type { Sphere } from '#sphere/sphere.ts';
import { refusalMeanings } from '#trust/refusal-meanings.ts';
import type { RevocationEvidence } from '#trust/revocation.ts';
import { type RehearsalRooms, rehearseHubDevice, type Span } from './rehearse-hub-device.ts';
import { isShortLived, loadEnrolled } from './renewals.ts';

export type RehearseOptions = Omit<RehearsalRooms, 'enrolled' | 'revocation'> & {
  readonly sphere: Pick<Sphere, 'tenants'>;
  readonly clock: Clock;
  readonly hubs: Pick<HubDirectory, 'list'>;
  readonly revocationLists: Pick<RevocationLists, 'list' | 'evidence'>;
  readonly revocationSources: Pick<RevocationSources, 'list'>;
};

const untilMsMax = 3_660 * dayMs;
const pageSize = 100;
/** Devices between which other work gets its turn. */
const turnDevices = 5;
/** Of drops that are told one by one; all of them are counted. */
const toldMax = 10_000;
/** Those who wait for a rehearsal of another day than the one under way. */
const underWayMax = 2;

/**
 * Which devices will not be let in any more by `until`, when and why, if nobody does anything: every device's last
 * sign-in is decided again at each instant at which something ends. Moves nothing.
 */
export class Rehearse {
  readonly #options: RehearseOptions;
  readonly #underWay = new Map<Instant, Promise<RehearsalBody>>();

  constructor(options: RehearseOptions) {
    this.#options = options;
  }

  /** Throws Problem `argument-invalid`, or `throttled` when others are being worked out. */
  until(until: Instant): Promise<RehearsalBody> {
    const now = this.#options.clock.now();
    if (until <= now) throw new Problem('argument-invalid', `A rehearsal looks ahead: it is ${formatInstant(now)} already.`);
    if (until - now > untilMsMax) throw new Problem('argument-invalid', 'A rehearsal looks at most ten years ahead.');
    const underWay = this.#underWay.get(until);
    if (underWay) return underWay;
    if (this.#underWay.size >= underWayMax) {
      throw new Problem('throttled', 'Other rehearsals are being worked out.', { retryAfterSeconds: 5 });
    }
    const rehearsal = this.#rehearse({ now, until }).finally(() => this.#underWay.delete(until));
    this.#underWay.set(until, rehearsal);
    return rehearsal;
  }

  async #rehearse(span: Span): Promise<RehearsalBody> {
    const ends = await this.#commonEnds();
    const enrolled = await loadEnrolled(this.#options.provisioning);
    const rooms = { ...this.#options, enrolled, revocation: this.#revocationUntil(span.until) };
    const counts = { rehearsed: 0, stay: 0, out: 0, neverSeen: 0, disabled: 0, drop: 0 };
    const drops: RehearsedDrop[] = [];
    const unsure: RehearsalBody['unsure'] = [];
    const dropsAt = new Map<string, number>();
    for (const hub of this.#options.hubs.list()) {
      const instants = ends.filter((end) => end.hub === undefined || end.hub === hub.name).map(({ at }) => at);
      for await (const { deviceId, isEnabled, credential } of this.#devicesOf(hub)) {
        if (!isEnabled) counts.disabled++;
        else if (!credential) counts.neverSeen++;
        if (!isEnabled || !credential) continue;
        counts.rehearsed++;
        const isNew = credential.certificates.length === 0 && credential.renewals === 0 && isShortLived(credential);
        const result = await rehearseHubDevice(rooms, hub, deviceId, credential, span, instants);
        if (result.outcome === 'out') counts.out++;
        if (result.outcome === 'stays') counts.stay++;
        if (result.outcome !== 'drops') continue;
        const { at, refusal } = result.drop;
        if (isNew) {
          counts.stay++;
          if (unsure.length < toldMax) unsure.push({ hub: hub.name, deviceId, at: formatInstant(at) });
          continue;
        }
        counts.drop++;
        const { reason, detail, fix = refusalMeanings[reason].fix } = refusal;
        dropsAt.set(formatInstant(at), (dropsAt.get(formatInstant(at)) ?? 0) + 1);
        drops.push({ hub: hub.name, deviceId, at: formatInstant(at), reason, detail, fix });
        if (drops.length > 2 * toldMax) drops.sort(byTime).splice(toldMax);
      }
    }
    return {
      from: formatInstant(span.now),
      until: formatInstant(span.until),
      drops: drops.sort(byTime).slice(0, toldMax),
      ends: ends
        .filter(({ at }) => at >= span.now && at < span.until)
        .sort((a, b) => a.at - b.at)
        .map(({ kind, name, subject, at }) => ({
          kind,
          name,
          subject,
          at: formatInstant(at),
          drops: dropsAt.get(formatInstant(at)) ?? 0,
        })),
      unsure,
      counts,
    };
  }

  /** A list that comes by itself is expected to go on coming; what it says today it says then. */
  #revocationUntil(until: Instant): RevocationEvidence {
    const { revocationLists } = this.#options;
    const lists = revocationLists
      .list()
      .map((list) => (this.#isFetched(list) ? { ...list, crl: { ...list.crl, nextUpdate: plus(until, dayMs) } } : list));
    return { ...revocationLists.evidence(), lists };
  }

  #isFetched({ signer, addedBy }: RevocationList): boolean {
    const isFollowed = this.#options.revocationSources.list().some(({ caSha256 }) => caSha256 === signer.sha256Thumbprint);
    return isFollowed || addedBy === 'sphere';
  }

  async *#devicesOf(hub: Hub) {
    let after = '';
    for (let turn = 0; ; ) {
      const page = await hub.registry.list({ after, limit: pageSize });
      const credentials = await hub.credentials.loadMany(page.map(({ deviceId }) => deviceId));
      for (const { deviceId, isEnabled } of page) {
        yield { deviceId, isEnabled, credential: credentials.get(deviceId) };
        if (++turn % turnDevices === 0) await pause(this.#options.clock, 0);
      }
      const last = page.at(-1);
      if (!last || page.length < pageSize) return;
      after = last.deviceId;
    }
  }

  /** What many devices rest on. */
  async #commonEnds(): Promise<(Omit<RehearsedEnd, 'at' | 'drops'> & { at: Instant; hub?: string })[]> {
    const { hubs, provisioning, sphere, revocationLists } = this.#options;
    const ofHubs = await Promise.all(
      hubs.list().map(async ({ name, authorities }) => (await authorities.loadVerified()).map((ca) => ({ ca, hub: name }))),
    );
    const tenants = await sphere.tenants.list();
    const tenantCas = await Promise.all(tenants.map(({ tenantId }) => sphere.authorities.list(tenantId)));
    return [
      ...ofHubs.flat().map(({ ca, hub }) => ({
        kind: 'hub-ca' as const,
        name: `${hub}/${ca.certificateId}`,
        subject: ca.subject,
        at: ca.notAfter,
        hub,
      })),
      ...(await provisioning.authorities.loadVerified()).map((ca) => ({
        kind: 'enrollment-ca' as const,
        name: ca.certificateId,
        subject: ca.subject,
        at: ca.notAfter,
      })),
      ...tenantCas
        .flat()
        .filter(({ state }) => state !== 'revoked')
        .map(({ owner, certificate }) => ({
          kind: 'sphere-ca' as const,
          name: owner,
          subject: certificate.subject,
          at: certificate.notAfter,
        })),
      ...revocationLists.list().flatMap((list) =>
        list.crl.nextUpdate === undefined || this.#isFetched(list)
          ? []
          : [
              {
                kind: 'revocation-list' as const,
                name: list.signer.subject,
                subject: list.signer.subject,
                at: list.crl.nextUpdate,
              },
            ],
      ),
    ];
  }
}

function byTime(a: RehearsedDrop, b: RehearsedDrop): number {
  return a.at < b.at ? -1 : a.at > b.at ? 1 : a.deviceId < b.deviceId ? -1 : 1;
}
