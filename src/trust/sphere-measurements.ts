import { formatInstant, type Instant } from '#base/instant.ts';

/** One component as the device reports it. */
export type Measurement = {
  readonly id: string;
  readonly type: string;
  readonly alg: string;
  readonly digest: string;
  readonly version: string;
  readonly svn: number;
  readonly signer: string;
};

/** One component that a release pipeline vouched for. */
export type ReferenceValue = Measurement & {
  readonly state: 'current' | 'allowed' | 'deprecated' | 'revoked';
  /** Until when `deprecated` is still good; undefined means without end. */
  readonly allowedUntil: Instant | undefined;
};

/** What an update would have to bring. */
export type RequiredVersion = { readonly component: string; readonly minimumVersion: number };

export type MeasurementVerdict =
  | { readonly accepted: true; readonly warnings: readonly string[] }
  | {
      readonly accepted: false;
      readonly reason: 'measurement-unknown' | 'measurement-revoked' | 'version-below-floor';
      readonly detail: string;
      readonly fix?: string;
      readonly required?: RequiredVersion;
    };

/**
 * Step 12 of sphere.md 3.7. A digest is what counts: it must be one that somebody vouched for, under
 * this id. Version, signer and security version are then the vouched-for ones, and a device that
 * reports others for the same digest is not telling the truth about it.
 */
export function checkMeasurements(
  measurements: readonly Measurement[],
  references: readonly ReferenceValue[],
  policy: { readonly requiredTypes: readonly string[]; readonly floors: Readonly<Record<string, number>> },
  at: Instant,
): MeasurementVerdict {
  const warnings: string[] = [];
  for (const type of policy.requiredTypes) {
    if (!measurements.some((measurement) => measurement.type === type)) {
      return { accepted: false, reason: 'measurement-unknown', detail: `No component of type ${type} was measured.` };
    }
  }
  const outdated: MeasurementVerdict[] = [];
  for (const measurement of measurements) {
    const { id } = measurement;
    const reference = references.find((candidate) => candidate.id === id && candidate.digest === measurement.digest);
    if (!reference || !isSameComponent(measurement, reference)) {
      return {
        accepted: false,
        reason: 'measurement-unknown',
        detail: reference
          ? `Component ${id} reports a version, signer or type that does not belong to its digest.`
          : `Component ${id} has a digest that nobody vouched for.`,
        fix: 'Publish the reference values of the image before devices run it, or restore the released image.',
      };
    }
    if (reference.state === 'revoked') {
      return { accepted: false, reason: 'measurement-revoked', detail: `Component ${id} ${reference.version} was revoked.` };
    }
    if (reference.state === 'deprecated') {
      if (reference.allowedUntil !== undefined && at >= reference.allowedUntil) {
        const ended = formatInstant(reference.allowedUntil);
        return {
          accepted: false,
          reason: 'measurement-revoked',
          detail: `Component ${id} ${reference.version} was allowed until ${ended}.`,
        };
      }
      warnings.push(`deprecated:${id}`);
    }
    const floor = Object.hasOwn(policy.floors, id) ? policy.floors[id] : undefined;
    if (floor !== undefined && reference.svn < floor) {
      outdated.push({
        accepted: false,
        reason: 'version-below-floor',
        detail: `Component ${id} has security version ${reference.svn}; the policy asks for ${floor}.`,
        fix: `Update ${id}.`,
        required: { component: id, minimumVersion: floor },
      });
    }
  }
  // Reported last: a device that is both outdated and altered must not look merely outdated.
  return outdated[0] ?? { accepted: true, warnings };
}

function isSameComponent(measurement: Measurement, reference: ReferenceValue): boolean {
  return (['type', 'alg', 'version', 'svn', 'signer'] as const).every((field) => measurement[field] === reference[field]);
}
