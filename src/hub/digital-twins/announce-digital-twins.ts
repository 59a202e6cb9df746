import type { Cancel } from '#base/clock.ts';
import { identityName } from '../identity.ts';
import type { HubEvents } from '../messages/hub-events.ts';
import type { Twins } from '../twins/twins.ts';
import { digitalTwinChanges } from './digital-twin-changes.ts';

/** Tells routes of changes in the words of models, where a route asks for it and the device has announced a model. */
export function announceDigitalTwins(twins: Pick<Twins, 'onChange'>, events: Pick<HubEvents, 'isWanted' | 'record'>): Cancel {
  return twins.onChange(({ before, after }) => {
    if (after.modelId === '' || !events.isWanted('digitalTwinChangeEvents')) return;
    const steps = digitalTwinChanges(before, after);
    // Tags are in no model.
    if (steps.length > 0) events.record('digitalTwinChangeEvents', identityName(after), 'updateTwin', steps);
  });
}
