import type { Platform } from '#base/platform.ts';
import { type DataFormat, type ResultView, renderData } from '#cli/kit/render-data.ts';
import { renderUnderlinedTable } from '#cli/kit/render-table.ts';
import type { Terminal } from '#cli/kit/terminal.ts';
import type { Generation } from './output-option.ts';

/**
 * How `azsphere` speaks (sphere.md 4.4 and 4.5). Data goes to standard output. Warnings go to
 * standard error, except in classic mode, where wrappers read standard output alone. When a format
 * was asked for, standard output holds one document and nothing else.
 */
export class Voice {
  readonly #terminal: Terminal;
  readonly #platform: Platform;
  readonly #generation: Generation;
  readonly #format: DataFormat | undefined;
  readonly #isVerbose: boolean;
  readonly #startedMs: number;
  #hasSpoken = false;

  constructor(options: {
    terminal: Terminal;
    platform: Platform;
    generation: Generation;
    format: DataFormat | undefined;
    isVerbose: boolean;
  }) {
    this.#terminal = options.terminal;
    this.#platform = options.platform;
    this.#generation = options.generation;
    this.#format = options.format;
    this.#isVerbose = options.isVerbose;
    this.#startedMs = options.platform.clock.monotonic();
  }

  /** A line of prose; silent when a format was asked for. */
  say(line: string): void {
    if (this.#format !== undefined) return;
    this.#hasSpoken = true;
    this.#terminal.print(line);
  }

  /** A detail row: ` --> Device ID: …`. */
  detail(label: string, value: string): void {
    this.say(` --> ${label}: ${value}`);
  }

  warn(line: string): void {
    this.#aside(`warn: ${line}`);
  }

  verbose(line: string): void {
    if (this.#isVerbose) this.#aside(`verbose: ${line}`);
  }

  /** A result that is data in every generation: a table, or the format that was asked for. */
  show<Row>(view: ResultView<Row>): void {
    if (this.#format === undefined && this.#generation === 'classic') {
      this.#hasSpoken = true;
      this.#terminal.print(renderUnderlinedTable(view.rows, view.columns));
      this.#terminal.print('');
      return;
    }
    this.#render(view, this.#format ?? 'table');
  }

  /** A result that people get as prose: printed only when a format was asked for. */
  report<Row>(view: ResultView<Row>): void {
    if (this.#format !== undefined) this.#render(view, this.#format);
  }

  /** The line that wrappers wait for, after prose. The second generation has none after a table. */
  finish(): void {
    if (this.#hasSpoken && this.#generation !== 'v2') {
      this.#terminal.print(`Command completed successfully in ${this.elapsed()}.`);
    }
  }

  /** `hh:mm:ss.fffffff` since the command began. */
  elapsed(): string {
    return formatElapsed(this.#platform.clock.monotonic() - this.#startedMs);
  }

  #render<Row>(view: ResultView<Row>, format: DataFormat): void {
    const text = renderData(view, format, { isColored: this.#terminal.isOutputTerminal });
    if (text !== undefined) this.#terminal.print(text);
  }

  #aside(line: string): void {
    if (this.#generation === 'classic') this.#terminal.print(line);
    else this.#terminal.complain(line);
  }
}

/** Milliseconds as the original prints a duration: hours, minutes, seconds with seven digits. */
export function formatElapsed(ms: number): string {
  const ticks = Math.max(0, Math.round(ms * 10_000));
  const seconds = Math.floor(ticks / 10_000_000);
  const two = (value: number) => String(value).padStart(2, '0');
  const clock = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60].map(two).join(':');
  return `${clock}.${String(ticks % 10_000_000).padStart(7, '0')}`;
}
