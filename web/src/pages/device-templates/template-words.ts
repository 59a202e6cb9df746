import type { DeviceTemplate, JsonValue } from '../../api/contract.ts';

/** One line of a template: what a device can say or do. */
export type Capability = { name: string; displayName: string; kind: string; schema: string; detail: string };

/** The contents of the template's interface, flattened for reading. */
export function capabilitiesOf(template: DeviceTemplate): Capability[] {
  const contents = template.capabilityModel.contents;
  if (!Array.isArray(contents)) return [];
  return contents.flatMap((entry) => {
    if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) return [];
    const types = Array.isArray(entry['@type']) ? entry['@type'].map(String) : [String(entry['@type'] ?? '')];
    const [kind = '', ...more] = types;
    const name = String(entry.name ?? '');
    const detail = [entry.writable === true ? 'writable' : '', typeof entry.unit === 'string' ? entry.unit : '', ...more];
    return [
      {
        name,
        displayName: displayText(entry.displayName) ?? name,
        kind,
        schema: schemaText(kind === 'Command' ? requestSchema(entry.request) : entry.schema),
        detail: detail.filter((text) => text !== '').join(', '),
      },
    ];
  });
}

function requestSchema(request: JsonValue | undefined): JsonValue | undefined {
  return typeof request === 'object' && request !== null && !Array.isArray(request) ? request.schema : undefined;
}

function schemaText(schema: JsonValue | undefined): string {
  if (typeof schema === 'string') return schema;
  if (typeof schema === 'object' && schema !== null && !Array.isArray(schema))
    return String(schema['@type'] ?? 'object').toLowerCase();
  return '';
}

function displayText(value: JsonValue | undefined): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const text = value.en ?? Object.values(value)[0];
  return typeof text === 'string' ? text : undefined;
}

/** The model id (DTMI) that devices announce. */
export function modelIdOf(template: DeviceTemplate): string {
  const id = template.capabilityModel['@id'];
  return typeof id === 'string' ? id : '';
}
