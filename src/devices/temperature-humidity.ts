import { minuteMs, secondMs } from '#base/instant.ts';
import { isJsonObject } from '#base/json.ts';
import { printable } from '#base/printable.ts';
import type { Application, ApplicationPort, Button, MethodReply } from './application.ts';
import { desiredProperties } from './desired-properties.ts';

/** Raw readings of the SHT31 are 16 bits wide. */
const rawMax = 65_535;

/** D4: Krzyczkowski's temperature and humidity board for IoT Central, byte for byte (sphere.md 6.5). */
export class TemperatureHumidity implements Application {
  readonly modelId: string | undefined;
  readonly keepAliveSeconds = 20;
  /** No method callback is registered, so the client library does not even subscribe. */
  readonly handlesMethods = false;
  readonly backoffMs = minuteMs;
  readonly backoffMsMax = 10 * minuteMs;
  readonly periodMs = 5 * secondMs;
  readonly #port: ApplicationPort;
  #rawTemperature = rawOfTemperature(23);
  #rawHumidity = rawOfHumidity(45);
  #isNextUp = true;

  /** The original announces no model; the demo does, to be recognised. */
  constructor(port: ApplicationPort, options: { modelId?: string | undefined } = {}) {
    this.#port = port;
    this.modelId = options.modelId;
  }

  tick(isConnected: boolean): void {
    if (!isConnected) return;
    this.#rawTemperature = drift(this.#rawTemperature, rawOfTemperature(23), 120, this.#port.values());
    this.#rawHumidity = drift(this.#rawHumidity, rawOfHumidity(45), 400, this.#port.values());
    const temperature = ((this.#rawTemperature * 175) / rawMax - 45).toFixed(2);
    const humidity = ((this.#rawHumidity * 100) / rawMax).toFixed(2);
    // The double colon is the program's own.
    this.#port.log('INFO', `OLED: Temp: : ${temperature}`);
    this.#send(`{ "Temperature": "${temperature}" }`);
    this.#send(`{ "Humidity": "${humidity}" }`);
  }

  connected(): void {
    // Nothing is reported at first.
  }

  twin(payload: Buffer): void {
    const led = desiredProperties(payload)?.StatusLED;
    if (!isJsonObject(led) || typeof led.value !== 'boolean') return;
    this.#port.log('INFO', `LED ${led.value ? 'on' : 'off'}.`);
    const body = `{"StatusLED":${led.value}}`;
    if (!this.#port.report(body)) this.#port.log('WARNING', 'Could not report state.');
  }

  invoke(): MethodReply {
    return { status: -1, body: '{}' };
  }

  /** The original's callback has the wrong signature and would print a handle; this shows the text. */
  cloudMessage(payload: Buffer): void {
    this.#port.log('INFO', `Message from the cloud: ${printable(payload.toString('utf8'), 512)}`);
  }

  press(button: Button): void {
    if (button === 'A') {
      this.#send('{ "ButtonPress": "True" }');
      return;
    }
    this.#send(`{ "Orientation": "${this.#isNextUp ? 'Up' : 'Down'}" }`);
    this.#isNextUp = !this.#isNextUp;
  }

  stopped(): void {
    this.#port.log('INFO', 'LED off.');
  }

  #send(body: string): void {
    if (this.#port.sendTelemetry(body)) this.#port.log('INFO', `Sending telemetry: ${body}`);
    else this.#port.log('WARNING', 'Could not send telemetry.');
  }
}

function rawOfTemperature(celsius: number): number {
  return Math.round(((celsius + 45) * rawMax) / 175);
}

function rawOfHumidity(percent: number): number {
  return Math.round((percent * rawMax) / 100);
}

/** A random walk that leans back to `centre`, so that a chart stays in a living room's range. */
function drift(raw: number, centre: number, step: number, fraction: number): number {
  const next = raw + (fraction * 2 - 1) * step + (centre - raw) * 0.05;
  return Math.min(rawMax, Math.max(0, Math.round(next)));
}
