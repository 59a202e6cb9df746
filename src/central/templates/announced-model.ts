import { isJsonObject, type Json } from '#base/json.ts';

const modelIdCharsMax = 256;

/**
 * The model that a device names in its DPS payload: `modelId` today, `iotcModelId` or
 * `__iot:interfaces` in programs of IoT Central's first years (central.md 2.3).
 */
export function announcedModel(payload: Json | undefined): string | undefined {
  if (!isJsonObject(payload)) return undefined;
  const interfaces = payload['__iot:interfaces'];
  const candidates = [
    payload.modelId,
    payload.iotcModelId,
    isJsonObject(interfaces) ? (interfaces.CapabilityModelId ?? interfaces.ModelId) : undefined,
  ];
  return candidates.find(isModelId);
}

/** A DTMI, or the `urn:` form that preceded it. It is only ever compared, so its grammar is not checked further. */
export function isModelId(value: Json | undefined): value is string {
  return typeof value === 'string' && value.length <= modelIdCharsMax && /^(dtmi|urn):[\x21-\x7e]+$/.test(value);
}
