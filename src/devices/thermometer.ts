import { formatInstant, type Instant, minuteMs, secondMs } from '#base/instant.ts';
import { printable } from '#base/printable.ts';
import type { Application, ApplicationPort, Button, MethodReply } from './application.ts';
import { desiredProperties } from './desired-properties.ts';
import { float32Text } from './float32-text.ts';

export const thermometerModelId = 'dtmi:com:example:azuresphere:thermometer;1';

/** The sample's fixed buffer and the exit code when a twin does not fit (sphere.md 6.3). */
const twinBytesMax = 512;
const exitPayloadTooLarge = 22;
const alertBytesMax = 512;

/** D1: the AzureIoT sample *thermometer*, byte for byte (sphere.md 6.3). */
export class Thermometer implements Application {
  readonly modelId = thermometerModelId;
  readonly keepAliveSeconds = 240;
  readonly handlesMethods = true;
  readonly backoffMs = 10 * secondMs;
  readonly backoffMsMax = 10 * minuteMs;
  readonly periodMs = 5 * secondMs;
  readonly #port: ApplicationPort;
  #temperature = Math.fround(50);
  #isUploadEnabled = false;

  constructor(port: ApplicationPort) {
    this.#port = port;
  }

  tick(isConnected: boolean): void {
    if (!isConnected) return;
    if (!this.#isUploadEnabled) {
      this.#port.log('INFO', 'Telemetry upload disabled; not sending telemetry.');
      return;
    }
    this.#temperature = nextTemperature(this.#temperature, this.#port.values());
    this.#send(`{"temperature":${float32Text(this.#temperature)}}`);
  }

  connected(): void {
    this.#report('{"serialNumber":"TEMPMON-01234"}');
  }

  twin(payload: Buffer): void {
    if (payload.length > twinBytesMax) {
      this.#port.log('ERROR', `Device twin payload size (${payload.length} bytes) exceeds maximum (${twinBytesMax} bytes).`);
      this.#port.exit(exitPayloadTooLarge);
      return;
    }
    const desired = desiredProperties(payload);
    if (!desired) {
      this.#port.log('WARNING', 'Could not parse the content of the device twin.');
      return;
    }
    const wanted = desired.thermometerTelemetryUploadEnabled;
    if (typeof wanted !== 'boolean') return;
    const version = typeof desired.$version === 'number' ? Math.trunc(desired.$version) : 0;
    this.#setUpload(wanted);
    this.#acknowledge(200, version, "Updated from Device Twin's desired value.");
  }

  invoke(name: string, payload: Buffer): MethodReply {
    if (name !== 'displayAlert') {
      this.#port.log('INFO', `Method '${printable(name)}' not found, ignoring.`);
      return { status: -1, body: '{}' };
    }
    this.#port.log('INFO', `ALERT: ${printable(payload.subarray(0, alertBytesMax).toString('utf8'), alertBytesMax)}`);
    return { status: 200, body: '"Alert message displayed successfully."' };
  }

  cloudMessage(): void {
    // Accepted and dropped, as the sample does.
  }

  press(button: Button): void {
    if (button === 'B') {
      this.#send('{"thermometerMoved":true}');
      return;
    }
    this.#setUpload(!this.#isUploadEnabled);
    this.#acknowledge(203, 0, 'Updated locally on the device.');
  }

  stopped(): void {
    this.#port.log('INFO', 'LED off.');
  }

  #setUpload(isEnabled: boolean): void {
    this.#isUploadEnabled = isEnabled;
    this.#port.log(
      'INFO',
      `Thermometer telemetry upload ${isEnabled ? 'enabled' : 'disabled'}; LED ${isEnabled ? 'on' : 'off'}.`,
    );
  }

  #acknowledge(code: number, version: number, description: string): void {
    const value = `{"value":${this.#isUploadEnabled},"ac":${code},"av":${version},"ad":"${description}"}`;
    this.#report(`{"thermometerTelemetryUploadEnabled":${value}}`);
  }

  #send(body: string): void {
    const properties = { 'iothub-creation-time-utc': formatSeconds(this.#port.clock.now()) };
    if (this.#port.sendTelemetry(body, properties)) this.#port.log('INFO', `Sending telemetry: ${body}`);
    else this.#port.log('WARNING', 'Could not send telemetry.');
  }

  #report(body: string): void {
    if (this.#port.report(body)) this.#port.log('INFO', `Reporting state: ${body}`);
    else this.#port.log('WARNING', 'Could not report state.');
  }
}

/** One of 41 steps from −1.0 to +1.0, in the float32 arithmetic of the sample's C. */
function nextTemperature(temperature: number, fraction: number): number {
  const step = Math.fround(Math.fround(Math.floor(fraction * 41) / 20) - 1);
  return Math.fround(temperature + step);
}

/** UTC in whole seconds, as the sample's `strftime` writes it. */
function formatSeconds(at: Instant): string {
  return `${formatInstant(at).slice(0, 19)}Z`;
}
