import { type CloudToDeviceLimits, cloudToDeviceLimits } from './cloud-to-device/limits.ts';
import { type MessageLimits, messageLimits } from './messages/limits.ts';
import { type MethodLimits, methodLimits } from './methods/limits.ts';
import { type RegistryLimits, registryLimits } from './registry/limits.ts';
import { type TwinLimits, twinLimits } from './twins/limits.ts';

/** What one hub takes, room by room. An owner may choose what hub-device-protocol.md 10 lists: src/server/hub-limit-settings.ts. */
export type HubLimits = {
  readonly messages: MessageLimits;
  readonly cloudToDevice: CloudToDeviceLimits;
  readonly methods: MethodLimits;
  readonly twins: TwinLimits;
  readonly registry: RegistryLimits;
};

/** The cloud's. */
export const defaultHubLimits: HubLimits = {
  messages: messageLimits,
  cloudToDevice: cloudToDeviceLimits,
  methods: methodLimits,
  twins: twinLimits,
  registry: registryLimits,
};
