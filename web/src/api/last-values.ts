import type { LastValues } from './contract.ts';
import { apiPath, callUi } from './http.ts';

/** The last known value of each telemetry, by name. */
export async function lastValues(deviceId: string): Promise<LastValues> {
  return (await callUi<{ values: LastValues }>('GET', apiPath('devices', deviceId, 'last-values'))).values;
}
