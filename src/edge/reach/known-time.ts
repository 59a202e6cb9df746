import { join } from 'node:path';
import type { Cancel } from '#base/clock.ts';
import { dayMs, hourMs, type Instant, instant, plus } from '#base/instant.ts';
import { isJsonObject, parseJson } from '#base/json.ts';
import type { Platform } from '#base/platform.ts';
import { readSmallFile } from '../host/read-small-file.ts';
import { replaceFile } from '../host/write-file.ts';

/** By what time a server's certificate is judged. `system`: OpenSSL may do it, since the system's clock is believed. */
export type JudgedBy = { readonly kind: 'system' } | { readonly kind: 'at' | 'since'; readonly instant: Instant };

/** This program is no older: before it no clock is believed, on a device that never reached its hub either. */
const writtenAt = instant(Date.UTC(2026, 0, 1));
/** A clock that runs a little behind is no clock that was lost. */
const toleranceMs = dayMs;
const keepMs = hourMs;
const fileBytesMax = 1_024;

/**
 * The time as far as it is known. A machine without a battery for its clock starts in 1970; what it knew last is on disk. That is
 * raised only by what a server's certificate bears out, so that a clock that ran ahead once does not lock the device out:
 * it never lies behind the end of a certificate by which the device connected.
 */
export class KnownTime {
  readonly #platform: Platform;
  readonly #path: string;
  #floor: Instant;
  /** What a server said, and when by the monotonic clock. */
  #told: { readonly at: Instant; readonly elapsed: number } | undefined;
  /** Until when what we know is borne out. */
  #provenUntil: Instant | undefined;
  #writing: Promise<void> = Promise.resolve();
  #cancel: Cancel = () => {};

  /** Reads what is known from `directory`; a file that is none counts as none. */
  static async open(platform: Platform, directory: string): Promise<KnownTime> {
    const path = join(directory, 'known-time');
    const kept = await readSmallFile(path, fileBytesMax).then(readInstant, () => undefined);
    return new KnownTime(platform, path, kept !== undefined && kept > writtenAt ? kept : writtenAt);
  }

  private constructor(platform: Platform, path: string, floor: Instant) {
    this.#platform = platform;
    this.#path = path;
    this.#floor = floor;
  }

  /** The clock can be believed, or a server told us. */
  get isKnown(): boolean {
    return this.#isClockSound || this.#told !== undefined;
  }

  /** The time; the last that is known where it is not. */
  now(): Instant {
    const { clock } = this.#platform;
    if (this.#isClockSound) return clock.now();
    const told = this.#told && plus(this.#told.at, clock.monotonic() - this.#told.elapsed);
    return told !== undefined && told > this.#floor ? told : this.#floor;
  }

  judgedBy(): JudgedBy {
    const { clock } = this.#platform;
    // A clock that was moved on purpose is not OpenSSL's.
    if (this.#isClockSound && (clock.offsetMs ?? 0) === 0) return { kind: 'system' };
    return { kind: this.isKnown ? 'at' : 'since', instant: this.now() };
  }

  /** A server whose certificates hold until `until` was reached. */
  async proven(until: Instant): Promise<void> {
    this.#provenUntil = until;
    await this.keep();
  }

  /** A server that was judged says what time it is; never earlier than what is known, never later than its certificates bear out. */
  async tell(at: Instant, until: Instant): Promise<void> {
    if (at > until) return;
    this.#told = { at: at > this.#floor ? at : this.#floor, elapsed: this.#platform.clock.monotonic() };
    await this.proven(until);
  }

  /** Keeps the present time on disk, now and each hour until `stop`. */
  start(): void {
    this.#cancel = this.#platform.clock.calendar.after(keepMs, () => {
      this.start();
      return this.keep();
    });
  }

  async stop(): Promise<void> {
    this.#cancel();
    await this.keep();
  }

  keep(): Promise<void> {
    if (!this.isKnown || this.#provenUntil === undefined) return this.#writing;
    const at = instant(Math.min(this.now(), this.#provenUntil));
    if (at <= this.#floor) return this.#writing;
    this.#floor = at;
    this.#writing = this.#writing.then(() => this.#write(at));
    return this.#writing;
  }

  get #isClockSound(): boolean {
    return this.#platform.clock.now() >= plus(this.#floor, -toleranceMs);
  }

  async #write(at: Instant): Promise<void> {
    const { log, random } = this.#platform;
    try {
      await replaceFile(this.#path, `${JSON.stringify({ at })}\n`, { mode: 0o600, random });
    } catch (error) {
      log.warn('time.not-kept', { path: this.#path, error: String(error) });
    }
  }
}

function readInstant(bytes: Buffer | undefined): Instant | undefined {
  try {
    const value = bytes && parseJson(bytes);
    return isJsonObject(value) && Number.isSafeInteger(value.at) ? instant(Number(value.at)) : undefined;
  } catch {
    return undefined;
  }
}
