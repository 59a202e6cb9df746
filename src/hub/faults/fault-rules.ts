import type { Cancel } from '#base/clock.ts';
import { plus } from '#base/instant.ts';
import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import type { Identity } from '../identity.ts';
import { type AskedRule, type FaultProtocol, type FaultRule, isMeant } from './fault-rule.ts';
import { faultLimits } from './limits.ts';

/** What the rules of this moment mean for somebody. */
export type RuleEffects = {
  /** Added to acknowledgements and answers: the longest of the rules. */
  readonly latencyMs: number;
  readonly isDropping: boolean;
  readonly isThrottled: boolean;
  /** The rule by which sign-ins are refused. */
  readonly refusedBy: string | undefined;
};

export type FaultRulesOptions = {
  /** Cuts the connections of whom the rule means. */
  readonly kill: (rule: Pick<FaultRule, 'target' | 'protocol'>) => number;
  readonly onChange: () => void;
};

/** The rules by which an operator lets things go wrong. They are kept in memory alone: a restart ends them all. */
export class FaultRules {
  readonly #platform: Platform;
  readonly #options: FaultRulesOptions;
  readonly #rules = new Map<string, { rule: FaultRule; cancels: Cancel[] }>();
  #made = 0;

  constructor(platform: Platform, options: FaultRulesOptions) {
    this.#platform = platform;
    this.#options = options;
  }

  get size(): number {
    return this.#rules.size;
  }

  list(): FaultRule[] {
    return [...this.#rules.values()].map(({ rule }) => rule);
  }

  /**
   * Adds a rule, which counts when this returns. Killing once leaves none: the answer says only how many connections
   * it cut. Throws Problem `quota-exceeded`.
   */
  add({ target, effect, protocol, durationMs }: AskedRule): { rule?: FaultRule; killed: number } {
    const meant = { target, ...(protocol && { protocol }) };
    if (effect.kind === 'kill' && effect.everyMs === undefined) {
      const killed = this.#options.kill(meant);
      this.#platform.log.warn('fault.killed', { target, protocol, killed });
      return { killed };
    }
    if (this.#rules.size >= faultLimits.rulesMax) {
      throw new Problem('quota-exceeded', `There are at most ${faultLimits.rulesMax} rules.`);
    }
    const { clock, log } = this.#platform;
    const id = `f${++this.#made}`;
    const endsAt = durationMs === undefined ? undefined : plus(clock.now(), durationMs);
    const rule: FaultRule = { id, ...meant, effect, ...(endsAt === undefined ? {} : { endsAt }) };
    const cancels: Cancel[] = [];
    this.#rules.set(id, { rule, cancels });
    if (durationMs !== undefined) cancels.push(clock.after(durationMs, () => this.#remove(id)));
    if (effect.kind === 'kill' && effect.everyMs !== undefined) this.#killEvery(rule, effect.everyMs, cancels);
    log.warn('fault.rule-added', { rule });
    this.#options.onChange();
    return { rule, killed: 0 };
  }

  /** Throws Problem `not-found`. */
  remove(id: string): void {
    if (!this.#remove(id)) throw new Problem('not-found', `There is no rule ${id.slice(0, 64)}.`);
  }

  /** Says how many there were. */
  clear(): number {
    const ids = [...this.#rules.keys()];
    for (const id of ids) this.#remove(id);
    return ids.length;
  }

  effectsOn(who: Identity, protocol: FaultProtocol): RuleEffects {
    const rules = this.list().filter((rule) => isMeant(rule, who, protocol));
    const has = (kind: FaultRule['effect']['kind']) => rules.find(({ effect }) => effect.kind === kind);
    return {
      latencyMs: rules.reduce((most, { effect }) => (effect.kind === 'latency' ? Math.max(most, effect.ms) : most), 0),
      isDropping: has('drop') !== undefined,
      isThrottled: has('throttle') !== undefined,
      refusedBy: has('refuse')?.id,
    };
  }

  #killEvery(rule: FaultRule, everyMs: number, cancels: Cancel[]): void {
    const next = (): void => {
      cancels[cancels.length - 1] = this.#platform.clock.after(everyMs, () => {
        const killed = this.#options.kill(rule);
        if (killed > 0) this.#platform.log.warn('fault.killed', { id: rule.id, killed });
        next();
      });
    };
    cancels.push(() => {});
    next();
  }

  #remove(id: string): boolean {
    const held = this.#rules.get(id);
    if (!held) return false;
    this.#rules.delete(id);
    for (const cancel of held.cancels) cancel();
    this.#platform.log.warn('fault.rule-removed', { id });
    this.#options.onChange();
    return true;
  }
}
