import { isJsonObject, type JsonObject } from '#base/json.ts';
import type { Command } from '../../kit/command.ts';
import { administer } from '../administration.ts';
import { formatJson, jsonOption } from '../json-output.ts';
import { askHubForObject } from './ask-hub.ts';
import { hubOption } from './hub-option.ts';

export const statisticsCommand: Command = {
  options: [hubOption, jsonOption],
  examples: ['homeport hub statistics', 'homeport hub statistics --hub plant-2 --json'],
  async run(invocation) {
    const { options, terminal } = invocation;
    const devices = await askHubForObject(invocation, { method: 'GET', path: '/statistics/devices' });
    const service = await askHubForObject(invocation, { method: 'GET', path: '/statistics/service' });
    const { hubs } = await administer(invocation, { method: 'GET', path: '/status' });
    const status = isJsonObject(hubs) ? hubs[(options.text('hub') ?? 'main').toLowerCase()] : undefined;
    const events = isJsonObject(status) && isJsonObject(status.events) ? status.events : {};
    const all: JsonObject = { ...devices, ...service, eventLog: events };
    if (options.isSet('json')) return terminal.print(formatJson(all));
    terminal.print(`Devices        ${all.totalDeviceCount}`);
    terminal.print(`  enabled      ${all.enabledDeviceCount}`);
    terminal.print(`  disabled     ${all.disabledDeviceCount}`);
    terminal.print(`  connected    ${all.connectedDeviceCount}`);
    terminal.print(`Event log      ${events.state}, ${events.partitions} partitions`);
  },
};
