/** The DTDL primitives and the shapes we tell apart; anything richer is `object`, `array`, `map` or `enum`. */
export type CapabilitySchema =
  | 'boolean'
  | 'date'
  | 'dateTime'
  | 'double'
  | 'duration'
  | 'float'
  | 'integer'
  | 'long'
  | 'string'
  | 'time'
  | 'enum'
  | 'object'
  | 'array'
  | 'map'
  | 'geopoint'
  | 'vector';

export type TelemetryCapability = {
  name: string;
  displayName: string;
  schema: CapabilitySchema;
  unit?: string;
  /** `Temperature`, `State`, `Event`, … */
  semanticType?: string;
};

export type PropertyCapability = {
  name: string;
  displayName: string;
  schema: CapabilitySchema;
  writable: boolean;
  unit?: string;
  /**
   * Devices of IoT Central's first years read a desired value as `{"value": …}` and report it bare;
   * later ones take it bare (sphere.md 6.3 and 6.5 have one of each).
   */
  desiredIsWrapped?: boolean;
};

export type CommandField = { name: string; displayName: string; schema: CapabilitySchema };

export type CommandCapability = { name: string; displayName: string; request?: CommandField; response?: CommandField };

/** What a device with this template can say and do, flattened out of DTDL for everything that runs per message. */
export type DeviceModel = {
  /** The model id (DTMI) that devices announce. */
  id: string;
  displayName: string;
  telemetry: readonly TelemetryCapability[];
  properties: readonly PropertyCapability[];
  commands: readonly CommandCapability[];
};
