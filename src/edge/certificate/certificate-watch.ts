import type { Cancel } from '#base/clock.ts';
import { formatInstant, hourMs } from '#base/instant.ts';
import type { Platform } from '#base/platform.ts';
import type { BridgeReport } from '../bridge/bridge-report.ts';
import { loadDeviceCertificate, renewalAdvice } from '../bridge/connect-trouble.ts';
import type { KnownTime } from '../reach/known-time.ts';
import type { CredentialPlace } from '../registration/credential.ts';

export type CertificateWatchOptions = {
  readonly place: CredentialPlace;
  readonly time: Pick<KnownTime, 'now'>;
  readonly report: Pick<BridgeReport, 'certificate'>;
  /** With less than this left, it ends soon. */
  readonly soonMs: number;
};

const lookMs = 12 * hourMs;

/** Says in time that the device's certificate ends, twice a day, with what is to be done; the same when it has ended. */
export class CertificateWatch {
  readonly #platform: Platform;
  readonly #options: CertificateWatchOptions;
  #cancel: Cancel = () => {};
  #last: string | undefined;

  constructor(platform: Platform, options: CertificateWatchOptions) {
    this.#platform = platform;
    this.#options = options;
  }

  /** Looks now and then. */
  async start(): Promise<void> {
    this.#cancel = this.#platform.clock.calendar.after(lookMs, () => this.start());
    this.#last = undefined;
    await this.look();
  }

  /** The certificate may be another by now. What was said of it already is not said again. */
  async look(): Promise<void> {
    const { place, time, report, soonMs } = this.#options;
    const certificate = await loadDeviceCertificate(place);
    const leftMs = certificate ? certificate.endsAt - time.now() : Number.POSITIVE_INFINITY;
    if (!certificate || leftMs >= soonMs) return report.certificate(undefined, undefined);
    const endsAt = formatInstant(certificate.endsAt);
    const status = leftMs < 0 ? 'expired' : 'expires-soon';
    const what = `The certificate ${certificate.path} ${leftMs < 0 ? 'ended' : 'ends'} at ${endsAt}.`;
    if (this.#last === what) return;
    this.#last = what;
    this.#platform.log.warn(`certificate.${status}`, { path: certificate.path, endsAt });
    await report.certificate({ status, endsAt }, `${what} ${renewalAdvice(certificate)}`);
  }

  stop(): void {
    this.#cancel();
  }
}
