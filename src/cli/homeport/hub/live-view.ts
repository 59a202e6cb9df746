import type { Cancel, Clock } from '#base/clock.ts';
import type { Terminal } from '../../kit/terminal.ts';

const refreshMs = 1_000;
/** The rate is that of the last seconds. */
const windowMs = 5_000;
/** Goes up one line and empties it: the line of the rate is the last one, and moves down as events come. */
const overwrite = '\u001b[1A\u001b[2K';

/** Events as they come, and below them how many, how fast and of how many devices. For a terminal only. */
export class LiveView {
  readonly #clock: Pick<Clock, 'monotonic' | 'after'>;
  readonly #terminal: Pick<Terminal, 'print'>;
  readonly #devices = new Set<string>();
  /** When the latest came, and how many then, a pair for each tenth of a second. */
  readonly #arrivals: { at: number; count: number }[] = [];
  #count = 0;
  #startedAt = 0;
  #cancel: Cancel = () => {};
  #isShown = false;

  constructor(clock: Pick<Clock, 'monotonic' | 'after'>, terminal: Pick<Terminal, 'print'>) {
    this.#clock = clock;
    this.#terminal = terminal;
  }

  begin(): void {
    this.#startedAt = this.#clock.monotonic();
    this.#refresh();
  }

  show(line: string, deviceId: string): void {
    this.#count += 1;
    this.#devices.add(deviceId);
    const at = this.#clock.monotonic();
    const last = this.#arrivals.at(-1);
    if (last && at - last.at < 100) last.count += 1;
    else this.#arrivals.push({ at, count: 1 });
    this.#terminal.print(`${this.#isShown ? overwrite : ''}${line}`);
    this.#isShown = false;
    this.#print();
  }

  end(): void {
    this.#cancel();
    this.#print();
  }

  #refresh(): void {
    this.#print();
    this.#cancel = this.#clock.after(refreshMs, () => this.#refresh());
  }

  #print(): void {
    const events = this.#count === 1 ? '1 event' : `${this.#count} events`;
    const devices = this.#devices.size === 1 ? '1 device' : `${this.#devices.size} devices`;
    this.#terminal.print(`${this.#isShown ? overwrite : ''}${events}, ${this.#rate().toFixed(1)}/s, ${devices}. Ctrl-C ends.`);
    this.#isShown = true;
  }

  #rate(): number {
    const now = this.#clock.monotonic();
    while (this.#arrivals[0] && now - this.#arrivals[0].at > windowMs) this.#arrivals.shift();
    const count = this.#arrivals.reduce((sum, each) => sum + each.count, 0);
    const spanMs = Math.max(1_000, Math.min(windowMs, now - this.#startedAt));
    return (count * 1000) / spanMs;
  }
}
