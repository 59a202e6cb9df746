import type { Cancel } from '#base/clock.ts';
import type { Json } from '#base/json.ts';
import type { Platform } from '#base/platform.ts';
import { asProblem, Problem } from '#base/problem.ts';
import type { Hub } from '#hub/hub.ts';
import type { Database } from '#storage/database.ts';
import type { UserCaller } from '#trust/caller.ts';
import type { Devices } from '../devices/devices.ts';
import { fitsSchema } from '../properties/fits-schema.ts';
import type { CommandCapability } from '../templates/device-model.ts';
import type { CommandRun } from './command-run.ts';
import { CommandStore } from './command-store.ts';
import { commandRunsMax, connectionTimeoutSecondsDefault, responseTimeoutSecondsDefault } from './limits.ts';

/** The hub's direct methods. */
export type Methods = Pick<Hub['methods'], 'invoke'>;

export type CommandInput = {
  request?: Json | undefined;
  connectionTimeoutSeconds?: number | undefined;
  responseTimeoutSeconds?: number | undefined;
};

/** Commands: direct methods of the hub, seen through the device's template, with a history. */
export class Commands {
  readonly #platform: Platform;
  readonly #store: CommandStore;
  readonly #devices: Devices;
  readonly #methods: Methods;
  readonly #listeners = new Set<(deviceId: string) => void>();

  constructor(platform: Platform, database: Database, options: { devices: Devices; methods: Methods }) {
    this.#platform = platform;
    this.#store = new CommandStore(database);
    this.#devices = options.devices;
    this.#methods = options.methods;
    this.#devices.onRemoval((deviceId) => this.#store.deleteDevice(deviceId));
  }

  /**
   * Runs a command and waits for the device's answer. A device that answers with a failure of its
   * own has answered: its code and body are the result. Throws Problem `device-not-online` or
   * `device-timeout` where no answer came; the history then says so.
   */
  async run(caller: UserCaller, deviceId: string, name: string, input: CommandInput): Promise<CommandRun> {
    const device = await this.#devices.require(deviceId);
    checkRequest(await this.#requireCommand(device.deviceId, name), input.request);
    const run: CommandRun = {
      commandId: this.#platform.random.uuid(),
      deviceId: device.deviceId,
      name,
      ...(input.request === undefined ? {} : { request: input.request }),
      connectionTimeoutSeconds: input.connectionTimeoutSeconds ?? connectionTimeoutSecondsDefault,
      responseTimeoutSeconds: input.responseTimeoutSeconds ?? responseTimeoutSecondsDefault,
      requestedAt: this.#platform.clock.now(),
      requestedBy: caller.displayName,
    };
    try {
      const { status, payload } = await this.#invoke(run, device.isProvisioned);
      const answered: CommandRun = { ...run, response: { code: status, payload } };
      await this.#save(answered);
      return answered;
    } catch (error) {
      const problem = asProblem(error);
      await this.#save({ ...run, failure: { code: problem.code, message: problem.message } });
      throw problem;
    }
  }

  /** The history, newest first. */
  async list(deviceId: string, name: string): Promise<CommandRun[]> {
    const device = await this.#devices.require(deviceId);
    return this.#store.list(device.deviceId, name, commandRunsMax);
  }

  /** Calls `listener` when the history of a device's commands has something new. */
  onRun(listener: (deviceId: string) => void): Cancel {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async #invoke(run: CommandRun, isProvisioned: boolean): Promise<{ status: number; payload: Json }> {
    if (!isProvisioned) throw new Problem('device-not-online', 'The device has never connected, so no command can reach it.');
    return this.#methods.invoke(run.deviceId, {
      methodName: run.name,
      payload: run.request ?? null,
      connectTimeoutSeconds: run.connectionTimeoutSeconds,
      responseTimeoutSeconds: run.responseTimeoutSeconds,
    });
  }

  async #save(run: CommandRun): Promise<void> {
    await this.#store.insert(run);
    await this.#store.trim(run.deviceId, run.name, commandRunsMax);
    for (const listener of this.#listeners) listener(run.deviceId);
  }

  async #requireCommand(deviceId: string, name: string): Promise<CommandCapability> {
    const model = await this.#devices.modelOf(deviceId);
    if (!model) throw new Problem('conflict', 'The device has no template, so no command of it is known.');
    const command = model.commands.find((candidate) => candidate.name === name);
    if (!command) throw new Problem('not-found', 'The template of the device has no such command.');
    return command;
  }
}

function checkRequest(command: CommandCapability, request: Json | undefined): void {
  if (!command.request) {
    if (request === undefined || request === null) return;
    throw new Problem('argument-invalid', 'The command takes no request.', { reason: 'InvalidBody' });
  }
  if (request === undefined)
    throw new Problem('argument-invalid', `The command needs a request: ${command.request.displayName}.`, {
      reason: 'InvalidBody',
    });
  if (!fitsSchema(request, command.request.schema)) {
    throw new Problem('argument-invalid', `The request is no ${command.request.schema}.`, { reason: 'InvalidBody' });
  }
}
