import type { Cancel } from '#base/clock.ts';
import { secondMs } from '#base/instant.ts';
import type { Platform } from '#base/platform.ts';
import { findLinkedHub, type LinkedHub, type LinkedHubs } from '../allocation/linked-hubs.ts';
import { assignmentOf, type Registration } from './registration.ts';
import type { Registrations } from './registrations.ts';
import type { WhyHeld } from './why-held.ts';

export type HoldDevicesOptions = {
  readonly platform: Platform;
  readonly hubs: LinkedHubs;
  readonly registrations: Pick<Registrations, 'load' | 'page' | 'pageAll'>;
  /** As things stand now; asked anew for each look. */
  readonly judge: () => WhyHeld;
};

/** What there is to look at again: one registration, those of a group, or all. */
type Look = { readonly registrationId: string } | { readonly groupId: string } | 'all';

const pageSize = 500;
const retryMs = secondMs;

/**
 * Makes the hubs agree with what became of enrollments: a device whose enrollment or group was disabled or deleted, or
 * whose CA was taken out of its group, is kept out of its hub and loses its session, until its enrollment lets it in
 * again. What its owner says of it at the hub stays untouched beneath that.
 *
 * Nothing is remembered but at the hubs: a look compares what is with what should be, so one that broke off is done
 * again, and the first look after a start finds whatever changed without one.
 */
export class HoldDevices {
  readonly #options: HoldDevicesOptions;
  readonly #pending = new Map<string, Look>();
  #working: Promise<void> | undefined;
  #retry: Cancel | undefined;
  #isStopped = false;

  constructor(options: HoldDevicesOptions) {
    this.#options = options;
  }

  /** Looks soon, after what is under way. */
  look(look: Look): void {
    if (this.#isStopped) return;
    this.#pending.set(JSON.stringify(look), look);
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined;
    });
  }

  /** Resolves when nothing is left to look at. */
  async idle(): Promise<void> {
    while (this.#working) await this.#working;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#pending.clear();
    this.#retry?.();
    await this.#working;
  }

  async #work(): Promise<void> {
    for (let next = this.#take(); next !== undefined; next = this.#take()) {
      try {
        await this.#see(next);
      } catch (error) {
        const { clock, log } = this.#options.platform;
        log.error('device-hold.failed', { error: String(error) });
        const look = next;
        this.#retry?.();
        // Whatever failed in between is in the look at everything.
        this.#retry = clock.after(retryMs, () => this.look(this.#retryOf(look)));
      }
    }
  }

  #retryOf(look: Look): Look {
    this.#retry = undefined;
    return this.#pending.size === 0 ? look : 'all';
  }

  #take(): Look | undefined {
    const [first] = this.#pending;
    if (!first) return undefined;
    this.#pending.delete(first[0]);
    return first[1];
  }

  async #see(look: Look): Promise<void> {
    const whyHeld = this.#options.judge();
    const heldAt = this.#heldAt();
    for await (const page of this.#pages(look)) {
      if (this.#isStopped) return;
      const changes = new Changes();
      for (const registration of page) {
        const assignment = assignmentOf(registration);
        const link = assignment && findLinkedHub(this.#options.hubs.list(), assignment.hubHostName);
        if (!assignment || !link) continue;
        const reason = await whyHeld(registration);
        const isHeld = (await heldAt(link)).has(assignment.deviceId);
        if (reason !== undefined || isHeld) changes.add(link.hub, reason, assignment.deviceId);
      }
      await changes.make();
    }
  }

  async *#pages(look: Look): AsyncGenerator<readonly Registration[]> {
    const { registrations } = this.#options;
    if (look !== 'all' && 'registrationId' in look) {
      const registration = await registrations.load(look.registrationId);
      if (registration) yield [registration];
      return;
    }
    for (let after = ''; ; ) {
      const asked = { after, limit: pageSize };
      const page = await (look === 'all' ? registrations.pageAll(asked) : registrations.page(look.groupId, asked));
      yield page;
      const last = page.at(-1);
      if (!last || page.length < pageSize) return;
      after = last.registrationId;
    }
  }

  /** The devices that a hub keeps out, read once. */
  #heldAt(): (link: LinkedHub) => Promise<ReadonlySet<string>> {
    const known = new Map<LinkedHub['hub'], Promise<ReadonlySet<string>>>();
    return ({ hub }) => {
      const reading = known.get(hub) ?? readHeld(hub);
      known.set(hub, reading);
      return reading;
    };
  }
}

/** What is to be told to hubs: the devices of one reason together. */
class Changes {
  readonly #byHub = new Map<LinkedHub['hub'], Map<string | undefined, string[]>>();

  add(hub: LinkedHub['hub'], reason: string | undefined, deviceId: string): void {
    const byReason = this.#byHub.get(hub) ?? new Map<string | undefined, string[]>();
    this.#byHub.set(hub, byReason);
    const deviceIds = byReason.get(reason) ?? [];
    byReason.set(reason, deviceIds);
    deviceIds.push(deviceId);
  }

  async make(): Promise<void> {
    for (const [{ registry }, byReason] of this.#byHub) {
      for (const [reason, deviceIds] of byReason) await registry.hold(deviceIds, reason);
    }
  }
}

/** For a server that holds nobody any more: lets go whom it held before. */
export async function letAllGo(hubs: LinkedHubs): Promise<void> {
  for (const { hub } of hubs.list()) {
    const held = [...(await readHeld(hub))];
    for (let i = 0; i < held.length; i += pageSize) await hub.registry.hold(held.slice(i, i + pageSize), undefined);
  }
}

async function readHeld({ registry }: LinkedHub['hub']): Promise<ReadonlySet<string>> {
  const held = new Set<string>();
  for (let after = ''; ; ) {
    const page = await registry.listHeld(after, pageSize);
    for (const deviceId of page) held.add(deviceId);
    const last = page.at(-1);
    if (last === undefined || page.length < pageSize) return held;
    after = last;
  }
}
