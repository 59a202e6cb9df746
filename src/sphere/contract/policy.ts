import { z } from 'zod';
import { componentTypes } from './evidence.ts';

/** How much an attestation is worth, in rising order (sphere.md 1.5). */
export const assuranceLevels = ['A0', 'A1', 'A2', 'A3'] as const;

/** What a tenant demands of its devices, as it is stored. */
export const policySchema = z.strictObject({
  debug: z.enum(['denied', 'allowed']),
  assuranceMin: z.enum(assuranceLevels),
  /** A component of each of these types must be measured. */
  requiredTypes: z.array(z.enum(componentTypes)),
  /** Lowest security version by component id. */
  floors: z.record(z.string(), z.number().int().min(0)),
});
export type PolicyDocument = z.infer<typeof policySchema>;
