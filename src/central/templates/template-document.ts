import type { JsonObject } from '#base/json.ts';

/** A device template as central.md 3.1 writes it, without the etag: an outer object around a DTDL v2 Interface. */
export type TemplateDocument = {
  '@id': string;
  '@type': string[];
  '@context': string[];
  displayName: string;
  description?: string;
  capabilityModel: JsonObject;
};

export const centralContexts = ['dtmi:iotcentral:context;2', 'dtmi:dtdl:context;2'];

/** Wraps a DTDL Interface into a template of its own id. */
export function templateDocument(options: {
  id: string;
  displayName: string;
  description?: string;
  model: JsonObject;
}): TemplateDocument {
  return {
    '@id': options.id,
    '@type': ['ModelDefinition', 'DeviceModel'],
    '@context': centralContexts,
    displayName: options.displayName,
    ...(options.description === undefined ? {} : { description: options.description }),
    capabilityModel: options.model,
  };
}
