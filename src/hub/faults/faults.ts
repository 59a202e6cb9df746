import { pause } from '#base/clock.ts';
import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import { type Refusal, refuse } from '#trust/verdict.ts';
import { type Identity, identityName } from '../identity.ts';
import { readFault } from './asked-fault.ts';
import { type FaultProtocol, isMeant } from './fault-rule.ts';
import { FaultRules } from './fault-rules.ts';
import { type FaultySession, SessionFaults, throttled } from './session-faults.ts';

/** `rules`: what an operator says goes wrong. `messages`: what devices ask for in messages of theirs, too. */
export type FaultMode = 'rules' | 'messages';

/**
 * What goes wrong on purpose at one hub. A hub that allows no faults has none of these, so that its sessions look
 * for nothing.
 */
export class Faults {
  readonly mode: FaultMode;
  readonly rules: FaultRules;
  readonly #platform: Platform;
  readonly #sessions = new Map<SessionFaults, FaultySession>();

  constructor(platform: Platform, mode: FaultMode) {
    this.#platform = platform;
    this.mode = mode;
    this.rules = new FaultRules(platform, {
      kill: (rule) => this.#kill((session) => isMeant(rule, session.identity, session.protocol)),
      onChange: () => {
        for (const [faults, { identity, protocol }] of this.#sessions) faults.update(this.rules.effectsOn(identity, protocol));
      },
    });
  }

  /** To be ended with the connection. */
  open(session: FaultySession): SessionFaults {
    const { identity, protocol } = session;
    const faults: SessionFaults = new SessionFaults(this.#platform, session, {
      hearsMessages: this.mode === 'messages',
      effects: this.rules.effectsOn(identity, protocol),
      leave: () => this.#sessions.delete(faults),
    });
    this.#sessions.set(faults, session);
    return faults;
  }

  /** A request over HTTPS waits for as long as its answer is late. Throws Problem `throttled`. */
  async beforeAnswer(identity: Identity): Promise<void> {
    const { latencyMs, isThrottled } = this.rules.effectsOn(identity, 'https');
    if (latencyMs > 0) await pause(this.#platform.clock, latencyMs);
    if (isThrottled) throw throttled();
  }

  /**
   * What of one request's messages is stored. There is no connection to remember anything: who asks to be refused
   * is refused with that very request, and delays and durations mean nothing. Throws the Problem that refuses it.
   */
  onRequest<Message extends { readonly bag: string }>(
    identity: Identity,
    messages: readonly Message[],
  ): readonly Message[] | 'dropped' {
    if (this.rules.effectsOn(identity, 'https').isDropping) return 'dropped';
    if (this.mode !== 'messages') return messages;
    return messages.filter(({ bag }) => {
      const fault = readFault(bag);
      if (!fault) return true;
      if ('mistake' in fault) {
        this.#platform.log.warn('fault.unknown', { identity: identityName(identity), mistake: fault.mistake });
        return true;
      }
      const { type, reason } = fault;
      this.#platform.log.warn('fault.injected', { identity: identityName(identity), type, reason });
      if (fault.kind === 'refuse') throw new Problem(fault.code, `${type} was asked for.`, { retryAfterSeconds: 1 });
      return false;
    });
  }

  /** Why somebody whose credentials are good is not let in. */
  refusal(identity: Identity, protocol: FaultProtocol): Refusal | undefined {
    const { refusedBy } = this.rules.effectsOn(identity, protocol);
    if (refusedBy === undefined) return undefined;
    return refuse('fault-injected', `The rule ${refusedBy} refuses its sign-ins.`, {
      fix: `homeport faults remove ${refusedBy}`,
    }).refusal;
  }

  #kill(isMeant: (session: FaultySession) => boolean): number {
    const faults = [...this.#sessions].filter(([, session]) => isMeant(session)).map(([each]) => each);
    for (const each of faults) each.kill();
    return faults.length;
  }
}
