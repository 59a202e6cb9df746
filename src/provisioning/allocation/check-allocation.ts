import { Problem } from '#base/problem.ts';
import type { Outgoing } from '#outgoing/outgoing.ts';
import type { AllocationSettings } from './allocation-settings.ts';
import { type LinkedHubs, requireLinkedHubs } from './linked-hubs.ts';

/**
 * Throws Problem `argument-invalid` for hubs that are not linked, or a webhook that must not be called;
 * what stands in `present` already is not looked at again.
 */
export type CheckAllocation = (asked: AllocationSettings, present?: AllocationSettings) => void;

/** dps-service-protocol.md 4.1: hubs are linked, `static` names one of them, `custom` has a webhook that may be called. */
export function buildCheckAllocation(hubs: LinkedHubs, outgoing: Pick<Outgoing, 'checkUrl'>): CheckAllocation {
  return (asked, present) => {
    const { allocationPolicy, iotHubs, webhook } = asked;
    // A hub that is linked no more must not keep its enrollment from being disabled.
    requireLinkedHubs(
      hubs.list(),
      iotHubs.filter((name) => !present?.iotHubs.includes(name)),
    );
    if (allocationPolicy === 'static' && iotHubs.length !== 1) {
      throw new Problem('argument-invalid', 'The allocation policy static needs exactly one hub in iotHubs.');
    }
    if (allocationPolicy === 'custom' && !webhook) {
      throw new Problem('argument-invalid', 'The allocation policy custom needs a customAllocationDefinition with a webhookUrl.');
    }
    if (webhook && webhook.url.reveal() !== present?.webhook?.url.reveal()) outgoing.checkUrl(webhook.url.reveal());
  };
}
