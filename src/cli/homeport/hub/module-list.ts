import { isJsonObject } from '#base/json.ts';
import type { Command } from '../../kit/command.ts';
import { jsonOption, printRows } from '../json-output.ts';
import { askHub } from './ask-hub.ts';
import { hubOption } from './hub-option.ts';
import { deviceIdOption, identityPath, withoutKeys } from './identity-options.ts';

export const moduleListCommand: Command = {
  options: [deviceIdOption, hubOption, jsonOption],
  examples: ['homeport hub module list -d dev1', 'homeport hub module list -d dev1 --json'],
  async run(invocation) {
    const { json } = await askHub(invocation, { method: 'GET', path: `${identityPath(invocation, 'devices')}/modules` });
    const rows = (Array.isArray(json) ? json : []).filter(isJsonObject).map(withoutKeys);
    printRows(invocation, {
      rows,
      columns: [
        { heading: 'Module id', read: (row) => String(row.moduleId) },
        { heading: 'Connection', read: (row) => String(row.connectionState) },
        { heading: 'Authentication', read: (row) => (isJsonObject(row.authentication) ? String(row.authentication.type) : '') },
      ],
      data: rows,
      whenEmpty: `The device has no modules. Create one: homeport hub module create -d ${invocation.options.required('device-id')} -m filter`,
    });
  },
};
