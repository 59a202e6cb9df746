import { isJsonObject } from '#base/json.ts';
import type { Command } from '../../kit/command.ts';
import { administer } from '../administration.ts';
import { jsonOption, printRows } from '../json-output.ts';
import { hubOption, hubPath } from './hub-option.ts';

export const deviceListCommand: Command = {
  options: [hubOption, jsonOption],
  examples: ['homeport hub device list', 'homeport hub device list --json'],
  async run(invocation) {
    const { value } = await administer(invocation, { method: 'GET', path: hubPath(invocation, '/hub/devices') });
    const rows = Array.isArray(value) ? value.filter(isJsonObject) : [];
    printRows(invocation, {
      rows,
      columns: [
        { heading: 'Device id', read: (row) => String(row.deviceId) },
        { heading: 'Enabled', read: (row) => (row.isEnabled === false ? 'no' : 'yes') },
        { heading: 'Authentication', read: (row) => (isJsonObject(row.authentication) ? String(row.authentication.type) : '') },
      ],
      data: rows,
      whenEmpty: 'The hub has no devices. Create one: homeport hub device create --device-id dev1 --auth-method x509_ca',
    });
  },
};
