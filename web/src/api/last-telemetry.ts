import type { JsonValue } from './contract.ts';
import { ApiError, apiPath, callPublic } from './http.ts';

/** The last known value, or null when none ever came. */
export async function lastTelemetry(deviceId: string, name: string): Promise<{ value: JsonValue; timestamp: string } | null> {
  try {
    return await callPublic<{ value: JsonValue; timestamp: string }>('GET', apiPath('devices', deviceId, 'telemetry', name));
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}
