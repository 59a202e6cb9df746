const versionPattern = /^\d{4}-(\d{2})-(\d{2})(?:-preview)?$/;

/** Whether `text` is a date as services name their versions, `2021-04-12` or `2020-06-30-preview`, and none before `first`. */
export function isApiVersion(text: string | null, first: string): boolean {
  const [, month, day] = versionPattern.exec(text ?? '') ?? [];
  if (text === null || month === undefined || day === undefined) return false;
  return text.slice(0, 10) >= first && Number(month) >= 1 && Number(month) <= 12 && Number(day) >= 1 && Number(day) <= 31;
}
