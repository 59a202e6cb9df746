import type { Caller } from './caller.ts';

/** Who a caller is, in words that can be kept: a name, and by what it was known. */
export function describeCaller(caller: Caller): { readonly actor: string; readonly credential: string } {
  switch (caller.kind) {
    case 'service':
      return { actor: caller.policyName, credential: 'policy' };
    case 'user':
      return {
        actor: caller.displayName === caller.userId ? caller.userId : `${caller.displayName} (${caller.userId})`,
        credential: caller.credential,
      };
    case 'device':
      return {
        actor: caller.moduleId === undefined ? caller.deviceId : `${caller.deviceId}/${caller.moduleId}`,
        credential: 'device',
      };
    case 'registration':
      return { actor: caller.registrationId, credential: 'registration' };
  }
}
