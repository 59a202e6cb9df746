import type { Cancel } from '#base/clock.ts';
import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import { type Identity, identityName } from '../identity.ts';
import type { Quotas } from '../quotas/quotas.ts';
import { type AskedFault, type BreakingFault, readFault } from './asked-fault.ts';
import type { FaultProtocol } from './fault-rule.ts';
import type { RuleEffects } from './fault-rules.ts';
import { faultLimits } from './limits.ts';

/** One device or module on a connection that can be broken. */
export type FaultySession = {
  readonly identity: Identity;
  readonly protocol: FaultProtocol;
  /** Breaks what the fault says, for the reason that was given with it. False where there is no such thing. */
  break(fault: BreakingFault, reason: string): boolean;
};

/** `taken`: acknowledge and forget. `dropped`: neither acknowledge nor store. A Problem: refuse. */
export type JudgedMessage = 'ordinary' | 'taken' | 'dropped' | Problem;

/** What goes wrong on one connection of one device; it ends with that. */
export class SessionFaults {
  readonly #platform: Platform;
  readonly #session: FaultySession;
  readonly #hearsMessages: boolean;
  readonly #leave: () => void;
  readonly #pending = new Set<Cancel>();
  #effects: RuleEffects;
  #pendingFaults = 0;
  #refusing: { problem: Problem } | undefined;
  #isOver = false;

  constructor(
    platform: Platform,
    session: FaultySession,
    options: { hearsMessages: boolean; effects: RuleEffects; leave: () => void },
  ) {
    this.#platform = platform;
    this.#session = session;
    this.#hearsMessages = options.hearsMessages;
    this.#effects = options.effects;
    this.#leave = options.leave;
  }

  /** The rules have changed. */
  update(effects: RuleEffects): void {
    this.#effects = effects;
  }

  /** What becomes of a message with these properties; one that asks for a fault gets it. */
  judge(bag: string): JudgedMessage {
    const asked = this.#hearsMessages ? readFault(bag) : undefined;
    if (asked && 'mistake' in asked) this.#log('fault.unknown', { mistake: asked.mistake });
    else if (asked) {
      this.#begin(asked);
      return 'taken';
    }
    if (this.#effects.isDropping) return 'dropped';
    if (this.#refusing) return this.#refusing.problem;
    return this.#effects.isThrottled ? throttled() : 'ordinary';
  }

  /** Of messages that came together, those to store; undefined where they are dropped. Throws the Problem that refuses them. */
  keep<Message extends { readonly bag: string }>(messages: readonly Message[]): Message[] | undefined {
    const kept: Message[] = [];
    for (const message of messages) {
      const judged = this.judge(message.bag);
      if (judged instanceof Problem) throw judged;
      if (judged === 'dropped') return undefined;
      if (judged === 'ordinary') kept.push(message);
    }
    return kept;
  }

  /** Acknowledges or answers, as late as the rules say; not at all when the connection is over by then. */
  answer(run: () => void): void {
    const { latencyMs } = this.#effects;
    if (latencyMs === 0) run();
    else this.#after(latencyMs, run);
  }

  /** Counts what a device asks for, and refuses all of it while the rules throttle. */
  throttling(quotas: Pick<Quotas, 'take'>): Pick<Quotas, 'take'> {
    return {
      take: (operation, identity, cost) => {
        if (this.#effects.isThrottled) throw throttled();
        quotas.take(operation, identity, cost);
      },
    };
  }

  /** Cuts the connection. */
  kill(): void {
    this.#session.break('KillTcp', '');
  }

  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const cancel of this.#pending) cancel();
    this.#pending.clear();
    this.#leave();
  }

  #begin(fault: AskedFault): void {
    const { type, reason, delayMs } = fault;
    if (this.#pendingFaults >= faultLimits.pendingMax) {
      this.#log('fault.ignored', { type, why: `${faultLimits.pendingMax} wait on this connection.` });
      return;
    }
    const run = (): void => {
      const isDone = fault.kind === 'break' ? this.#session.break(fault.type, reason) : this.#refuseFor(fault);
      this.#log(isDone ? 'fault.injected' : 'fault.ignored', {
        type,
        reason,
        ...(isDone ? {} : { why: `There is no such thing on ${this.#session.protocol}.` }),
      });
    };
    if (fault.kind === 'refuse' && delayMs === 0) {
      run();
      return;
    }
    this.#pendingFaults += 1;
    this.#after(Math.max(delayMs, faultLimits.delayMsMin), () => {
      this.#pendingFaults -= 1;
      run();
    });
  }

  /** The later of two counts. */
  #refuseFor({ type, code, durationMs }: Extract<AskedFault, { kind: 'refuse' }>): true {
    const refusing = { problem: new Problem(code, `${type} was asked for and is in force.`) };
    this.#refusing = refusing;
    this.#after(durationMs, () => {
      if (this.#refusing === refusing) this.#refusing = undefined;
    });
    return true;
  }

  #after(ms: number, run: () => void): void {
    const cancel = this.#platform.clock.after(ms, () => {
      this.#pending.delete(cancel);
      run();
    });
    this.#pending.add(cancel);
  }

  #log(event: string, fields: Record<string, unknown>): void {
    this.#platform.log.warn(event, { identity: identityName(this.#session.identity), ...fields });
  }
}

export function throttled(): Problem {
  return new Problem('throttled', 'A rule for faults throttles this device.', { retryAfterSeconds: 1 });
}
