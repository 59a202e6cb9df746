import { thermometerModelId, thermometerTemplate } from './azure-sphere-thermometer.ts';
import { demoEnvironmentModelId, demoEnvironmentTemplate } from './demo-environment.ts';
import type { TemplateDocument } from './template-document.ts';

/** The models that come in the box. A template is made from one when the first device announces it (central.md 2.3). */
export const shippedTemplates: ReadonlyMap<string, TemplateDocument> = new Map([
  [thermometerModelId, thermometerTemplate],
  [demoEnvironmentModelId, demoEnvironmentTemplate],
]);

/** Properties, by model, whose desired value travels as `{"value": …}`. DTDL has no word for this. */
export const wrappedDesired: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  [demoEnvironmentModelId, new Set(['StatusLED'])],
]);
