/** A kept refusal, as storage/refusal-log.ts lists it. */
export type KeptRefusal = { reason: string; detail: string; trace: string; times: number };

/** By what the explanation of a refused registration can name a group. */
export type GroupNames = { groupId: string; certificates: readonly { subject: string; sha256Thumbprint: string }[] };

/**
 * How many refused registrations were about this group: they reached one of its CAs, verified or
 * not, or the group itself turned them away. Somebody whose chain leads nowhere belongs to no group.
 */
export function countGroupRefusals(refusals: readonly KeptRefusal[], group: GroupNames): number {
  return refusals.filter((refusal) => isAboutGroup(refusal, group)).reduce((sum, refusal) => sum + refusal.times, 0);
}

/** Whether the group is what turned somebody away, or would have let them in. */
export function isAboutGroup(refusal: KeptRefusal, group: GroupNames): boolean {
  // A refused proof names CAs too, but no device was turned away.
  if (refusal.reason.startsWith('Proof')) return false;
  const text = `${refusal.detail}\n${refusal.trace}`;
  if (group.certificates.some(({ sha256Thumbprint }) => text.includes(sha256Thumbprint))) return true;
  // The trace is JSON, so a quote in a name stands escaped there.
  if (group.certificates.some(({ subject }) => isNamed(text, subject) || isNamed(text, JSON.stringify(subject).slice(1, -1))))
    return true;
  const isTheGroupsOwn = refusal.reason === 'enrollment-disabled' || refusal.reason === 'allocation-refused';
  return isTheGroupsOwn && text.split(/[^A-Za-z0-9-]+/).includes(group.groupId);
}

/** Whether the subject stands in the text as a whole, and not as the beginning of a longer one. */
function isNamed(text: string, subject: string): boolean {
  for (let at = text.indexOf(subject); at >= 0; at = text.indexOf(subject, at + 1)) {
    if (!/^(?:[\p{L}\p{N}_-]|, ?[A-Za-z0-9.]+=)/u.test(text.slice(at + subject.length))) return true;
  }
  return false;
}
